using BatchEval.Cli.Terminal;
using BatchEval.Core.Json;
using BatchEval.Onnx.Numpy;
using BatchEval.Onnx.Packages;

namespace BatchEval.Cli.Sampling;

/// <summary>Initial states from a file, one per sample, in place of the noise bank's.</summary>
internal sealed class StartStates
{
    private readonly float[] values;
    private readonly int size;

    private StartStates(float[] values, int size) => (this.values, this.size) = (values, size);

    /// <summary>Number of states.</summary>
    public int Count => values.Length / size;

    /// <summary>The state of one sample.</summary>
    public float[] this[long sample] => values.AsSpan((int)sample * size, size).ToArray();

    /// <summary>Reads a <c>.npy</c> file [N, C, H, W].</summary>
    /// <exception cref="ProblemException">The file is missing, is no array, or has another shape or type.</exception>
    public static StartStates Read(string path, SampleEntry shape)
    {
        var array = Input.Read("--start", () => NpyFormat.ReadFile(path));
        if (array.Kind is not (NpyKind.Float32 or NpyKind.Float64))
        {
            throw new ProblemException($"--start: '{path}' holds {array.Kind} elements; float32 or float64 is needed.");
        }

        int[] wanted = [shape.Channels, shape.Height, shape.Width];
        if (array.Shape.Count != 4 || array.Shape[0] < 1 || !array.Shape.Skip(1).SequenceEqual(wanted))
        {
            throw new ProblemException($"--start: '{path}' has shape [{string.Join(", ", array.Shape)}]; the model needs [N, {string.Join(", ", wanted)}] with N at least 1.");
        }

        var values = array.ToFloat32();
        var bad = Array.FindIndex(values, v => !float.IsFinite(v));
        return bad < 0
            ? new StartStates(values, shape.Size)
            : throw new ProblemException($"--start: '{path}' holds {values[bad]} in state {bad / shape.Size}, element {bad % shape.Size}; all values must be finite.");
    }
}
