using System.Globalization;
using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling;
using BatchEval.Onnx.Networks;

namespace BatchEval.Onnx.Sampling;

/// <summary>
/// What one call of a network, as a rule, says about the meaning of its output. The states are noise around a plain grey image, some at the largest noise and some at sigma / alpha = 0.3
/// (by a second call where one call has one time). At the largest noise a prediction of eps, and the velocity of a flow model, repeats the noise, one of v, of the clean sample or of
/// EDM's F does not; at little noise v repeats it and the clean sample does not. An output that follows the noise nowhere may be a clean sample or nothing: one more call, at the least
/// noise around a picture, tells, because every denoiser gives its input back there. Networks that were never trained say nothing, so a contradiction is reported only where
/// another meaning fits at both levels. Noise declared as a flow model's velocity is not told from it.
/// </summary>
internal static class OutputEvidence
{
    /// <summary>Samples in its calls.</summary>
    internal const int Rows = 4;

    private const int LeastElements = 512;
    private const double LittleNoise = 0.3;
    private const double LeastNoise = 0.1;
    private const double LeastRatio = 5;
    private const double LeastSlope = 0.1;

    /// <summary>What contradicts the manifest, in words; null where nothing does or nothing can be told.</summary>
    public static string? Contradiction(ModelManifest manifest, DenoiserNetwork network, Conditioning conditioning)
    {
        var size = manifest.Sample.Size;
        var count = network.FixedBatch ?? Rows;
        try
        {
            return Contradiction(manifest, count, network.TimePerSample && count > 1, (states, times) =>
            {
                var output = new float[count * network.OutputSize];
                network.Run(states, times, conditioning.ForAny(count), output);
                return [.. Enumerable.Range(0, count).SelectMany(i => output.AsSpan(i * network.OutputSize, size).ToArray())];
            });
        }
        catch (NetworkFailedException)
        {
            // Named by whoever calls the network for a result.
            return null;
        }
    }

    /// <summary>The same for any network.</summary>
    /// <param name="count">Samples in the call.</param>
    /// <param name="mixed">Whether they can have different times.</param>
    /// <param name="call">The network: states [count, C, H, W] and times to outputs of the same shape.</param>
    public static string? Contradiction(ModelManifest manifest, int count, bool mixed, Func<float[], float[], float[]> call)
    {
        var (schedule, size) = (manifest.Schedule, manifest.Sample.Size);
        var noise = new float[count * size];
        new NoiseBank(0).Fill(0, NoiseBank.StartDraw, noise);
        var many = mixed ? count / 2 : count;
        if (many * size < LeastElements)
        {
            return null;
        }

        var (high, low) = (schedule.At(schedule.MaxRatioTime), schedule.At(schedule.Nearest(schedule.TimeOfRatio(LittleNoise))));
        if (high.Ratio < LeastRatio)
        {
            return null;
        }

        var output = Output(high, high.Time, low);
        if (!output.All(float.IsFinite))
        {
            return null;
        }

        var first = Response.Of(noise.AsSpan(0, many * size), output.AsSpan(0, many * size), manifest.Sample.Width);
        // An output that repeats the noise needs no second look.
        var silent = Math.Abs(first.Slope) < LeastSlope;
        Response? second = mixed ? Response.Of(noise.AsSpan(many * size), output.AsSpan(many * size), manifest.Sample.Width)
            : silent && Finite(Output(low, low.Time, low)) is { } again ? Response.Of(noise, again, manifest.Sample.Width)
            : null;
        return (Meaning(manifest.Denoiser.Prediction, first, second) ?? (silent && second is { Slope: > -0.5, Repeats: false } && GivesBack() ? "sample" : null)) is { } meaning
            && meaning != Name(manifest.Denoiser.Prediction)
            ? Text($"denoiser.prediction says '{Name(manifest.Denoiser.Prediction)}', and the network's output is that of '{meaning}': it follows the noise by {first.Slope:0.00} at the largest noise{(second is null ? string.Empty : Text($" and by {second.Slope:0.00} at sigma / alpha {low.Ratio:0.##}"))}.")
            : schedule is FlowNoiseSchedule flow && first.Correlation < 0.5 ? Unit(flow) : null;

        // States at one level, told a time, and in a mixed call at another behind them; around a picture where one is given
        float[] Output(NoiseLevel level, double told, NoiseLevel behind, float[]? picture = null)
        {
            var (states, times) = (new float[count * size], new float[count]);
            for (var i = 0; i < count; i++)
            {
                var at = i < many ? level : behind;
                times[i] = (float)(i < many ? told : behind.Time);
                for (var j = 0; j < size; j++)
                {
                    states[(i * size) + j] = (float)((at.Sigma * noise[(i * size) + j]) + (at.Alpha * (picture?[j] ?? 0)));
                }
            }

            return call(states, times);
        }

        // Whether the output at the least noise is the picture that was noised
        bool GivesBack()
        {
            var least = schedule.At(schedule.Nearest(schedule.MinTime));
            float[] picture = [.. Enumerable.Range(0, size).Select(j => (float)(0.5 * Math.Sin(0.9 + (j % manifest.Sample.Width * 2 * Math.PI / manifest.Sample.Width)) * Math.Cos(0.4 + (j / manifest.Sample.Width * 0.7))))];
            if (least.Ratio > LeastNoise || manifest.Denoiser.Prediction == PredictionType.Sample || Finite(Output(least, least.Time, least, picture)) is not { } result)
            {
                return false;
            }

            var (pp, rr, pr) = (0.0, 0.0, 0.0);
            for (var i = 0; i < result.Length; i++)
            {
                var p = picture[i % size];
                (pp, rr, pr) = (pp + (p * p), rr + (result[i] * result[i]), pr + (p * result[i]));
            }

            return pr / Math.Sqrt(pp * rr) > 0.95 && pr / pp is > 0.85 and < 1.15;
        }

        // Only a flow model's suspicious answer costs a second call: told the time in the other usual unit, does it answer as it should?
        string? Unit(FlowNoiseSchedule flow)
        {
            var other = flow.TimeScale == 1 ? 1000 : 1;
            var told = Output(high, high.Time / flow.TimeScale * other, low);
            var response = Response.Of(noise.AsSpan(0, many * size), told.AsSpan(0, many * size), manifest.Sample.Width);
            return response.Repeats
                ? Text($"schedule.timeScale is {flow.TimeScale}, and the network's times end at {other}: at the largest noise its output is the noise when told {other} (correlation {response.Correlation:0.00}) and is not when told {flow.TimeScale} ({first.Correlation:0.00}).")
                : null;
        }
    }

    private static float[]? Finite(float[] output) => output.All(float.IsFinite) ? output : null;

    private static string? Meaning(PredictionType said, Response high, Response? low) => said switch
    {
        PredictionType.V or PredictionType.Sample or PredictionType.Edm when high.Repeats => "epsilon",
        PredictionType.Epsilon or PredictionType.Sample when Math.Abs(high.Slope) < LeastSlope && low is { Repeats: true } => "v",
        _ => null,
    };

    private static string Name(PredictionType type) => type.ToString().ToLowerInvariant();

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>How an output follows the noise, by differences of neighbours, which the clean sample has little part in.</summary>
    /// <param name="Correlation">Between output and noise.</param>
    private sealed record Response(double Correlation, double Slope)
    {
        public bool Repeats => Correlation > 0.9 && Slope is > 0.85 and < 1.15;

        public static Response Of(ReadOnlySpan<float> noise, ReadOnlySpan<float> output, int width)
        {
            var (zz, oo, zo) = (0.0, 0.0, 0.0);
            for (var i = 0; i < output.Length - 1; i++)
            {
                if (i % width != width - 1)
                {
                    var (z, o) = (noise[i + 1] - noise[i], output[i + 1] - output[i]);
                    (zz, oo, zo) = (zz + (z * z), oo + (o * o), zo + (z * o));
                }
            }

            return oo == 0 ? new Response(0, 0) : new Response(zo / Math.Sqrt(zz * oo), zo / zz);
        }
    }
}
