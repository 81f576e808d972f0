using BatchEval.Core.Randomness;
using BatchEval.Onnx.Numpy;

namespace BatchEval.Cli.Sampling;

/// <summary>States or noise of several samples from a <c>.npy</c> file: [N, C, H, W], or [D, N, C, H, W] for D draws.</summary>
internal sealed class StateFile(float[] values, int size, int draws)
{
    /// <summary>Number of draws of each sample.</summary>
    public int Draws => draws;

    /// <summary>Number of samples.</summary>
    public int Count => values.Length / size / Draws;

    /// <summary>The first draw of one sample.</summary>
    public float[] this[long sample] => At(0, sample).ToArray();

    /// <summary>Noise of a sample in the order of its draws.</summary>
    public NormalStream Stream(long sample)
    {
        var draw = 0;
        return destination => At(draw++, sample).CopyTo(destination);
    }

    /// <summary>Reads a file.</summary>
    /// <param name="draws">Whether several draws are allowed.</param>
    /// <exception cref="ProblemException">The file is missing, is no array, or has another shape or type.</exception>
    public static StateFile Read(string option, string path, SampleEntry shape, bool draws = false)
    {
        var array = Input.Read(option, () => NpyFormat.ReadFile(path));
        if (array.Kind is not (NpyKind.Float32 or NpyKind.Float64))
        {
            throw new ProblemException($"{option}: '{path}' holds {array.Kind} elements; float32 or float64 is needed.");
        }

        int[] wanted = [shape.Channels, shape.Height, shape.Width];
        var leading = array.Shape.Count - wanted.Length;
        if (!(leading == 1 || (draws && leading == 2)) || array.Shape.Take(leading).Any(n => n < 1) || !array.Shape.Skip(leading).SequenceEqual(wanted))
        {
            var image = string.Join(", ", wanted);
            throw new ProblemException($"{option}: '{path}' has shape [{string.Join(", ", array.Shape)}]; the model needs [N, {image}]{(draws ? $" or [draws, N, {image}]" : string.Empty)} with N at least 1.");
        }

        var values = array.ToFloat32();
        var bad = Array.FindIndex(values, v => !float.IsFinite(v));
        return bad < 0
            ? new StateFile(values, shape.Size, leading == 2 ? array.Shape[0] : 1)
            : throw new ProblemException($"{option}: '{path}' holds {values[bad]} in state {bad / shape.Size}, element {bad % shape.Size}; all values must be finite.");
    }

    private ReadOnlySpan<float> At(int draw, long sample) => values.AsSpan((int)((draw * Count) + sample) * size, size);
}
