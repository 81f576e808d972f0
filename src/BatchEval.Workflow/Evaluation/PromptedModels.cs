using System.Security.Cryptography;
using System.Text;
using BatchEval.Onnx.Numpy;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Text;

namespace BatchEval.Workflow.Evaluation;

/// <summary>Opens a run's model with the run's prompts, which are encoded once: embeddings are stored by what they are made of, and shared by all runs.</summary>
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

        var name = BlobNames.Embeddings(Key(package, prompts, models));
        if (models.Prompted(name) is { } known)
        {
            return known;
        }

        if (await store.ReadAsync(name, cancellation) is not { } bytes)
        {
            bytes = Encode(package, prompts, models);
            await store.WriteOnceAsync(name, bytes, cancellation);
        }

        using var file = NpzFile.Open(new MemoryStream(bytes), name);
        return models.Keep(name, opened with { Sampling = opened.Sampling.For(PromptEmbeddings.Read(file, name)) });
    }

    private static byte[] Encode(ModelPackage package, PromptSet prompts, ModelHost models)
    {
        using var stream = new MemoryStream();
        new PromptEncoder(package, models.Device).Encode(prompts.Prompts).Write(stream);
        return stream.ToArray();
    }

    private static string Key(ModelPackage package, PromptSet prompts, ModelHost models) => Convert.ToHexStringLower(SHA256.HashData(
        Encoding.UTF8.GetBytes($"{Shard.CodeVersion} {package.Digest} {models.Device.Kind} {prompts.Digest}")));
}
