using BatchEval.Onnx.Images;

namespace BatchEval.Onnx.Packages;

/// <summary>Reads and validates <c>features.json</c>; every problem is reported at once, by member.</summary>
public static class FeatureManifestReader
{
    /// <summary>Reads a manifest.</summary>
    /// <exception cref="ProblemException">The text is not a manifest; every problem is listed.</exception>
    public static FeatureManifest Read(string json, string name = "The feature manifest")
    {
        var problems = new List<Problem>();
        if (JsonInspector.Parse(json, problems) is { } parsed)
        {
            using (parsed.Document)
            {
                FeatureManifest manifest = Read(parsed.Root);
                if (problems.Count == 0)
                {
                    return manifest;
                }
            }
        }

        throw new ProblemException(name, problems);
    }

    private static FeatureManifest Read(JsonInspector root)
    {
        root.Integer("formatVersion", low: FeatureManifest.FormatVersion, high: FeatureManifest.FormatVersion);
        FeatureInput? image = root.Child("image") is { } i ? ReadImage(i) : null;
        (PerceptualEntry Entry, PerceptualImage Image)? perceptual = root.Child("perceptual") is { } p ? ReadPerceptual(p) : null;
        var manifest = new FeatureManifest(
            root.Text("name"), root.Text("description", string.Empty),
            root.Child("features") is { } features ? ReadFeatures(features, image?.Tag ?? string.Empty) : null,
            image, perceptual?.Entry, perceptual?.Image, root.Text("provenance", string.Empty), ModelManifestReader.ReadDigests(root))
        {
            Text = root.Child("text") is { } text ? ReadText(text) : null,
        };
        root.Any("license");
        root.Close();
        if ((manifest.Features is null) != (manifest.Image is null))
        {
            root.Report("image", "and features belong together: give both or neither.");
        }

        if (manifest.Text is not null && manifest.Features is null)
        {
            root.Report("text", "is given without features: texts are compared with images.");
        }

        if (manifest.Features is null && manifest.Perceptual is null)
        {
            root.Report("features", "is missing, and so is perceptual; a package needs at least one of them.");
        }

        return manifest;
    }

    private static FeaturesEntry ReadFeatures(JsonInspector features, string tag)
    {
        var entry = new FeaturesEntry(
            features.Text("file"), features.Text("input"), features.Text("output"), features.Has("logits") ? features.Text("logits") : null,
            features.Integer("dimensions", low: 1), tag);
        features.Text("layer", string.Empty);
        features.Close();
        return entry;
    }

    private static TextEncoderEntry ReadText(JsonInspector text)
    {
        var entry = new TextEncoderEntry(text.Text("file"), text.Text("input"), text.Text("output"), null, text.Text("tokenizer"));
        text.Close();
        return entry;
    }

    private static FeatureInput ReadImage(JsonInspector image)
    {
        int channels = image.Integer("channels", 3, 1, 3);
        if (channels == 2)
        {
            image.Report("channels", "is 2; allowed: 1, 3.");
        }

        var input = new FeatureInput(
            channels, image.Integer("height", low: 1, high: 4096), image.Integer("width", low: 1, high: 4096),
            ResizeMethods.Parse(image.Text("resize", null, [.. ResizeMethods.Names])) ?? ResizeMethod.None,
            PerChannel(image, "mean", channels, double.NegativeInfinity), PerChannel(image, "std", channels, 0));
        image.Close();
        return input;
    }

    private static IReadOnlyList<double> PerChannel(JsonInspector image, string name, int channels, double above)
    {
        IReadOnlyList<double> values = image.Numbers(name) ?? [];
        if (values.Count != channels || values.Any(v => !double.IsFinite(v) || v <= above))
        {
            image.Report(name, $"must be {channels} numbers{(above == 0 ? " above 0" : string.Empty)}, one per channel, on the scale 0 to 255.");
            return [.. Enumerable.Repeat(1.0, Math.Max(1, channels))];
        }

        return values;
    }

    private static (PerceptualEntry Entry, PerceptualImage Image) ReadPerceptual(JsonInspector perceptual)
    {
        IReadOnlyList<string> inputs = perceptual.Texts("inputs") ?? [];
        if (inputs.Count != 2)
        {
            perceptual.Report("inputs", "must name the two image inputs.");
            inputs = [string.Empty, string.Empty];
        }

        IReadOnlyList<double> range = perceptual.Numbers("range") ?? [-1, 1];
        if (range.Count != 2 || !(range[0] < range[1]))
        {
            perceptual.Report("range", "must be two numbers, the lower first.");
            range = [-1, 1];
        }

        var entry = new PerceptualEntry(perceptual.Text("file"), inputs[0], inputs[1], perceptual.Text("output"));
        var image = new PerceptualImage(perceptual.Integer("channels", 3, 1, 3), null, null, perceptual.Integer("minimumSize", 1, 1, 4096), range[0], range[1]);
        perceptual.Close();
        return (entry, image);
    }
}
