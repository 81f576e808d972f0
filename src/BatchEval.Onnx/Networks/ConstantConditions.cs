namespace BatchEval.Onnx.Networks;

/// <summary>Inputs that are the same for every sample: sizes, positions, the guidance scale.</summary>
internal static class ConstantConditions
{
    /// <summary>All of a model's, with zeros in the place of encoded prompts.</summary>
    public static IEnumerable<IConditionSource> Of(ModelManifest manifest)
    {
        var (entry, image) = (manifest.Denoiser, manifest.Image);
        if (entry.ContextInput is { } context && entry.ContextShape is { } shape)
        {
            yield return new ConstantSource(context, new float[shape.Tokens * shape.Width], [shape.Tokens, shape.Width]);
        }

        foreach (var (role, input) in entry.Conditions)
        {
            switch (role)
            {
                case ConditionRole.Pooled:
                    yield return new ConstantSource(input, new float[entry.PooledWidth], [entry.PooledWidth]);
                    break;
                case ConditionRole.SizeIds:
                    // original size, crop, target size
                    yield return new ConstantSource(input, [image.Height, image.Width, 0, 0, image.Height, image.Width], [6]);
                    break;
                case ConditionRole.TextIds:
                    yield return new ConstantSource(input, new float[3 * (entry.ContextShape?.Tokens ?? 1)], [entry.ContextShape?.Tokens ?? 1, 3], perSample: false);
                    break;
                case ConditionRole.ImageIds:
                    yield return new ConstantSource(input, ImageIds(manifest.Sample), [LatentPacking.Tokens(manifest.Sample), 3], perSample: false);
                    break;
            }
        }

        foreach (var source in Guidance(manifest, manifest.Defaults.Guidance ?? 1))
        {
            yield return source;
        }
    }

    /// <summary>The guidance scale, for networks that take it as an input.</summary>
    public static IEnumerable<IConditionSource> Guidance(ModelManifest manifest, double scale)
    {
        if (manifest.Denoiser.Conditions.TryGetValue(ConditionRole.Guidance, out var number))
        {
            yield return new ConstantSource(number, [(float)scale], []);
        }

        if (manifest.Denoiser.Conditions.TryGetValue(ConditionRole.GuidanceEmbedding, out var embedding))
        {
            var width = manifest.Denoiser.GuidanceWidth;
            yield return new ConstantSource(embedding, Sinusoid(1000 * (scale - 1), width), [width]);
        }
    }

    // diffusers, get_guidance_scale_embedding: sines, then cosines, frequencies exp(-i ln(10000) / (width / 2 - 1)), in single precision.
    private static float[] Sinusoid(double w, int width)
    {
        var half = width / 2;
        var step = MathF.Log(10000) / (half - 1);
        var embedding = new float[width];
        for (var i = 0; i < half; i++)
        {
            var angle = (float)w * MathF.Exp(i * -step);
            (embedding[i], embedding[half + i]) = (MathF.Sin(angle), MathF.Cos(angle));
        }

        return embedding;
    }

    // (0, row, column) on the grid of 2 x 2 squares
    private static float[] ImageIds(SampleEntry sample)
    {
        var (rows, columns) = (sample.Height / 2, sample.Width / 2);
        return [.. Enumerable.Range(0, rows * columns).SelectMany(i => new float[] { 0, i / columns, i % columns })];
    }
}
