using BatchEval.Onnx.Numpy;

namespace BatchEval.Onnx.Packages;

/// <summary>The clean samples that a package brings along, for schedules that need x0 ~ data.</summary>
public static class TrainingData
{
    /// <summary>Reads all samples [N, C, H, W], row-major, in the model's range; bytes are spread over it, other types taken as they are.</summary>
    /// <exception cref="ProblemException">The package has no data, or the file does not fit the model.</exception>
    public static float[] Read(ModelPackage package)
    {
        var shape = package.Manifest.Sample;
        var file = package.Manifest.Data?.File
            ?? throw new ProblemException($"The model package '{package.Directory}' has no data ('data' in {ModelPackage.ManifestFile}), and KLUB needs clean samples x0. Use the data-free variant (--data-free), which takes x0 from the model's own long sampling.");
        var path = package.PathOf(file);
        var array = NpyFormat.ReadFile(path);
        int[] wanted = [shape.Channels, shape.Height, shape.Width];
        if (array.Shape.Count != 4 || !array.Shape.Skip(1).SequenceEqual(wanted) || array.Shape[0] < 1)
        {
            throw new ProblemException($"'{path}' has shape [{string.Join(", ", array.Shape)}]; the model's samples want [N, {string.Join(", ", wanted)}] with N at least 1.");
        }

        var values = array.ToFloat32();
        if (array.Kind == NpyKind.UInt8)
        {
            var scale = (shape.High - shape.Low) / 255;
            values = Array.ConvertAll(values, v => (float)(shape.Low + (scale * v)));
        }

        return values;
    }
}
