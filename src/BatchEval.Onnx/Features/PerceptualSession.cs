using BatchEval.Core.Json;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;
using Microsoft.ML.OnnxRuntime;

namespace BatchEval.Onnx.Features;

/// <summary>An opened perceptual network (LPIPS): two batches of tensors in, a distance per pair out.</summary>
internal sealed class PerceptualSession : IDisposable
{
    private readonly InferenceSession session;
    private readonly PerceptualEntry entry;
    private readonly TensorInput first;
    private readonly TensorInput second;

    /// <summary>Opens a network.</summary>
    /// <param name="path">The network's file.</param>
    /// <param name="entry">What its package says of it.</param>
    /// <param name="device">Where it runs.</param>
    /// <exception cref="ProblemException">The network does not fit its entry.</exception>
    public PerceptualSession(string path, PerceptualEntry entry, DeviceOptions device)
    {
        this.entry = entry;
        session = SessionLoader.Open(path, device);
        first = TensorInput.Find(session.InputMetadata, entry.First, "input", entry.File);
        second = TensorInput.Find(session.InputMetadata, entry.Second, "input", entry.File);
        _ = TensorInput.Find(session.OutputMetadata, entry.Output, "output", entry.File);
    }

    /// <summary>Measures one batch.</summary>
    /// <param name="a">Images [N, C, H, W] as the network wants them.</param>
    /// <param name="b">Images of the same shape.</param>
    /// <param name="shape">N, C, H, W.</param>
    /// <param name="distances">Where the N distances go.</param>
    public void Run(float[] a, float[] b, long[] shape, Span<float> distances)
    {
        using var left = first.Create(a, shape);
        using var right = second.Create(b, shape);
        using var options = new RunOptions();
        using var results = session.Run(options, [entry.First, entry.Second], [left, right], [entry.Output]);
        TensorInput.Read(results[0], distances);
    }

    /// <inheritdoc/>
    public void Dispose() => session.Dispose();
}
