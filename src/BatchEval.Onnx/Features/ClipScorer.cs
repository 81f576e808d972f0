using System.Numerics.Tensors;
using BatchEval.Onnx.Images;
using BatchEval.Onnx.Text;

namespace BatchEval.Onnx.Features;

/// <summary>
/// CLIP score (Hessel et al. 2021) of images and their prompts: 100 max(cos, 0) of the two embeddings, by a package that has both halves of CLIP. Embeddings of
/// texts are kept.
/// </summary>
public sealed class ClipScorer : IDisposable
{
    private const int BatchSize = 16;
    private readonly FeatureNetwork images;
    private readonly ClipTokenizer tokenizer;
    private readonly TextEncoder texts;
    private readonly Dictionary<string, float[]> embedded = new(StringComparer.Ordinal);
    private readonly Lock one = new();

    /// <summary>Opens both networks.</summary>
    /// <exception cref="ProblemException">The package has not both, or they do not fit their manifest.</exception>
    public ClipScorer(FeaturePackage package, DeviceOptions device)
    {
        var entry = package.Manifest.Text ?? throw new ProblemException($"The package '{package.Directory}' has no text half ('text' in its {FeaturePackage.ManifestFile}), so images cannot be compared with prompts; export it with --vocabulary (tools/features/export_clip.py).");
        tokenizer = ClipTokenizer.Open(package.PathOf(entry.Tokenizer));
        using var parts = new OpenParts();
        images = parts.Add(new FeatureNetwork(package, device));
        texts = new TextEncoder(package.PathOf(entry.File), entry, device);
        parts.Keep();
    }

    /// <summary>The network and what is done to images; comparable scores share them.</summary>
    public (string Digest, string Preprocessing) Tags => (images.Digest, images.Preprocessing);

    /// <summary>Scores pairs of an image and a text, some at a time as the scores are asked for.</summary>
    /// <exception cref="ProblemException">The two networks do not embed into the same space.</exception>
    public IEnumerable<double> Score(IEnumerable<(RgbImage Image, string Prompt)> pairs) => pairs.Chunk(BatchSize).SelectMany(batch =>
    {
        var (features, _) = images.Run([.. batch.Select(p => p.Image)]);
        return batch.Select((p, i) => Score(features.AsSpan(i * images.Dimensions, images.Dimensions), Embed(p.Prompt)));
    });

    public void Dispose()
    {
        images.Dispose();
        texts.Dispose();
    }

    private static double Score(ReadOnlySpan<float> image, float[] text) => image.Length == text.Length
        ? 100 * Math.Max(0, TensorPrimitives.CosineSimilarity(image, text))
        : throw new ProblemException($"The CLIP package embeds images in {image.Length} dimensions and texts in {text.Length}; both halves must come from one model.");

    private float[] Embed(string text)
    {
        lock (one)
        {
            return embedded.TryGetValue(text, out var known) ? known : embedded[text] = texts.Encode([tokenizer.Row(text).Ids]).Sequence.Data;
        }
    }
}
