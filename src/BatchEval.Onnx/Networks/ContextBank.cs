using BatchEval.Core.Json;
using BatchEval.Onnx.Numpy;
using BatchEval.Onnx.Packages;

namespace BatchEval.Onnx.Networks;

/// <summary>Fixed cross-attention contexts (encoded prompts); sample i uses row i modulo the number of rows.</summary>
public sealed class ContextBank
{
    private readonly float[] data;
    private readonly int rowSize;

    /// <summary>Creates a bank.</summary>
    /// <param name="data">Contexts [P, S, D], row-major.</param>
    /// <param name="shape">The shape [P, S, D].</param>
    /// <exception cref="ProblemException">The shape is not of three positive dimensions that fit the data.</exception>
    public ContextBank(float[] data, IReadOnlyList<int> shape)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(shape);
        if (shape.Count != 3 || shape.Any(d => d < 1) || shape.Aggregate(1L, (a, b) => a * b) != data.Length)
        {
            throw new ProblemException($"Contexts must have shape [prompts, tokens, dimensions]; got [{string.Join(", ", shape)}] with {data.Length} numbers.");
        }

        (this.data, Shape) = (data, shape);
        rowSize = shape[1] * shape[2];
    }

    /// <summary>Reads a package's contexts, or returns null where it has none.</summary>
    /// <exception cref="ProblemException">The file does not hold contexts.</exception>
    public static ContextBank? Of(ModelPackage package)
    {
        ArgumentNullException.ThrowIfNull(package);
        if (package.Manifest.Denoiser.ContextFile is not { } file)
        {
            return null;
        }

        var array = NpyFormat.ReadFile(package.PathOf(file));
        return new ContextBank(array.ToFloat32(), array.Shape);
    }

    /// <summary>[P, S, D].</summary>
    public IReadOnlyList<int> Shape { get; }

    /// <summary>The contexts of some samples, with their shape [B, S, D].</summary>
    public (float[] Data, long[] Shape) For(ReadOnlySpan<long> samples)
    {
        var gathered = new float[samples.Length * rowSize];
        for (var i = 0; i < samples.Length; i++)
        {
            data.AsSpan((int)(samples[i] % Shape[0]) * rowSize, rowSize).CopyTo(gathered.AsSpan(i * rowSize));
        }

        return (gathered, [samples.Length, Shape[1], Shape[2]]);
    }
}
