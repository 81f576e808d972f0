using BatchEval.Core.Json;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;
using Microsoft.ML.OnnxRuntime;

namespace BatchEval.Onnx.Features;

/// <summary>An opened feature network: tensors in, features and class scores out.</summary>
internal sealed class FeatureSession : IDisposable
{
    private readonly InferenceSession session;
    private readonly FeaturesEntry entry;
    private readonly TensorInput input;

    /// <summary>Opens a network.</summary>
    /// <param name="path">The network's file.</param>
    /// <param name="entry">What its package says of it.</param>
    /// <param name="device">Where it runs.</param>
    /// <exception cref="ProblemException">The network does not fit its entry.</exception>
    public FeatureSession(string path, FeaturesEntry entry, DeviceOptions device)
    {
        this.entry = entry;
        session = SessionLoader.Open(path, device);
        input = TensorInput.Find(session.InputMetadata, entry.Input, "input", entry.File);
        var output = TensorInput.Find(session.OutputMetadata, entry.Output, "output", entry.File);
        if (output.Rank < 2 || (output.Shape[1] > 0 && output.Shape[1] != entry.Dimensions))
        {
            throw new ProblemException($"The output '{entry.Output}' of {entry.File} has shape [{string.Join(", ", output.Shape)}]; the manifest says [batch, {entry.Dimensions}].");
        }

        if (entry.Logits is { } logits)
        {
            _ = TensorInput.Find(session.OutputMetadata, logits, "output", entry.File);
        }
    }

    /// <summary>Features per image.</summary>
    public int Dimensions => entry.Dimensions;

    /// <summary>Whether the network gives class scores.</summary>
    public bool HasLogits => entry.Logits is not null;

    /// <summary>Computes one batch.</summary>
    /// <param name="data">Images [N, C, H, W] as the network wants them.</param>
    /// <param name="shape">N, C, H, W.</param>
    /// <param name="withLogits">Whether class scores are wanted, where there are any.</param>
    /// <returns>Features [N, D] and class scores [N, K] or null, row-major.</returns>
    public (float[] Features, float[]? Logits) Run(float[] data, long[] shape, bool withLogits)
    {
        using var value = input.Create(data, shape);
        using var options = new RunOptions();
        string[] outputs = withLogits && HasLogits ? [entry.Output, entry.Logits!] : [entry.Output];
        using var results = session.Run(options, [entry.Input], [value], outputs);
        var features = ToArray(results[0]);
        return features.Length == shape[0] * Dimensions
            ? (features, outputs.Length == 2 ? ToArray(results[1]) : null)
            : throw new ProblemException($"The output '{entry.Output}' of {entry.File} has {features.Length} numbers for {shape[0]} images; the manifest says {Dimensions} per image.");
    }

    /// <inheritdoc/>
    public void Dispose() => session.Dispose();

    private static float[] ToArray(OrtValue value)
    {
        var values = new float[value.GetTensorTypeAndShape().ElementCount];
        TensorInput.Read(value, values);
        return values;
    }
}
