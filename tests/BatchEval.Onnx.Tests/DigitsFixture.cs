using BatchEval.Onnx.Numpy;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;
using BatchEval.Onnx.Sampling;
using BatchEval.Tests.Shared;

namespace BatchEval.Onnx.Tests;

/// <summary>The bundled digits package, opened once per test class.</summary>
public sealed class DigitsFixture : IDisposable
{
    public ModelPackage Package { get; } = ModelPackage.Open(Path.Combine(RepoPaths.Samples, "digits"));

    public SamplingModel Model => field ??= SamplingModel.Open(Package, new DeviceOptions());

    public static (float[] Values, IReadOnlyList<int> Shape) Golden(string file, string name)
    {
        using var archive = NpzFile.Open(Path.Combine(RepoPaths.Root, "tests", "Golden", "digits", file));
        var array = archive.Read(name);
        return (array.ToFloat32(), array.Shape);
    }

    public void Dispose() => Model.Dispose();
}
