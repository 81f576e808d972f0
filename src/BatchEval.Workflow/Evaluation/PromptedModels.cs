using BatchEval.Onnx.Numpy;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Text;

namespace BatchEval.Workflow.Evaluation;

/// <summary>
/// Opens a run's model with the run's prompts. They are encoded piece by piece, when a sample first needs one of a piece; pieces are stored by what they are
/// made of and shared by all runs.
/// </summary>
public static class PromptedModels
{
    /// <summary>Opens it; a model that takes no prompts as it is.</summary>
    public static async Task<OpenedModel> OpenAsync(RunStore store, ModelHost models, ModelPackage package, PromptSet? prompts, CancellationToken cancellation)
    {
        var opened = models.Open(package);
        if (prompts is null)
        {
            return opened;
        }

        var size = PromptSet.PieceOf(package.Manifest);
        var pieces = prompts.Prompts.Chunk(size).Select(piece => new PromptSet(null, piece)).ToList();
        var names = pieces.ConvertAll(piece => BlobNames.Embeddings(Key(package, piece, models)));
        // What is wrong with an encoder shows here, before anything is sampled.
        await models.Embeddings.GetAsync(names[0], () => ReadAsync(store, models, package, pieces[0], names[0], cancellation));
        return opened with { Sampling = opened.Sampling.For(new EncodedPrompts(prompts.Prompts.Count, Of)) };

        // Sampling is synchronous.
        (PromptEmbeddings Encoded, int Row) Of(int prompt)
        {
            var piece = prompt / size;
            return (models.Embeddings.GetAsync(names[piece], () => ReadAsync(store, models, package, pieces[piece], names[piece], cancellation)).GetAwaiter().GetResult(), prompt % size);
        }
    }

    private static async Task<PromptEmbeddings> ReadAsync(RunStore store, ModelHost models, ModelPackage package, PromptSet piece, string name, CancellationToken cancellation)
    {
        if (await store.ReadAsync(name, cancellation) is not { } bytes)
        {
            using var stream = new MemoryStream();
            new PromptEncoder(package, models.Device).Encode(piece.Prompts).Write(stream);
            bytes = stream.ToArray();
            await store.WriteOnceAsync(name, bytes, cancellation);
        }

        using var file = NpzFile.Open(new MemoryStream(bytes), name);
        return PromptEmbeddings.Read(file, name);
    }

    private static string Key(ModelPackage package, PromptSet prompts, ModelHost models) =>
        Digest.Of($"{Shard.CodeVersion} {package.Digest} {models.Device.Kind} {prompts.Digest}");
}
