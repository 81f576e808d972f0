using System.Globalization;
using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling;
using BatchEval.Onnx.Networks;

namespace BatchEval.Onnx.Sampling;

/// <summary>One thing that was looked at.</summary>
/// <param name="Passed">Whether it is as it should be; null where nothing could be told.</param>
public sealed record CheckResult(string Name, bool? Passed, string Seen);

/// <summary>Looks at everything about a model's denoiser that can be told without sampling, with a few calls of the network.</summary>
public sealed class ModelCheck(ModelPackage package, DeviceOptions device)
{
    private const int Rows = 4;
    private const double LeastChange = 1e-6;
    private const double LeastGain = 0.02;

    // Where the times of training steps, of flow models in thousandths, and of shares end.
    private static readonly double[] OtherUnits = [999, 1000, 1];
    private readonly ModelManifest manifest = package.Manifest;
    private readonly Conditioning conditioning = Conditioning.Of(package);
    private float[] noise = Noise(Rows, package.Manifest.Sample.Size);

    /// <summary>All results, in order; the network is called while they are read.</summary>
    /// <exception cref="Core.Json.ProblemException">The network does not fit the manifest at all.</exception>
    public IEnumerable<CheckResult> Run()
    {
        using var session = SessionLoader.Open(package.PathOf(manifest.Denoiser.File), device);
        var inputs = string.Join(", ", TensorInput.All(session.InputMetadata).Select(i => $"{i.Name} {i.ShapeText} {i.Type.ToString().ToLowerInvariant()}"));
        var outputs = string.Join(", ", TensorInput.All(session.OutputMetadata).Select(i => $"{i.Name} {i.ShapeText} {i.Type.ToString().ToLowerInvariant()}"));
        using var network = new DenoiserNetwork(session, manifest, manifest.Denoiser.File);
        yield return new("inputs", true, inputs);
        yield return new("output", true, outputs + (network.OutputSize > manifest.Sample.Size ? "; twice the state's channels: the second half (learned variances) is left out" : string.Empty));
        yield return new("time", true, network.TimePerSample ? "one per sample" : "one for all samples of a call");
        yield return new("batch", true, network.FixedBatch is { } batch ? $"fixed at {batch}" : "free");
        yield return Schedule();
        var count = network.FixedBatch ?? Rows;
        noise = Noise(count, manifest.Sample.Size);
        var high = manifest.Schedule.At(manifest.Schedule.MaxRatioTime);
        var first = Call(network, count, high.Time);
        yield return Finite(first);
        if (!first.All(float.IsFinite))
        {
            yield break;
        }

        yield return Deterministic(first, Call(network, count, high.Time));
        yield return Independent(network, count, high);
        yield return TimeUnit(network, count, first, high);
        yield return OutputEvidence.Contradiction(manifest, network, conditioning) is { } wrong ? new("prediction", false, wrong) : Prediction(first, high);
        yield return Data();
    }

    private static float[] Noise(int rows, int size)
    {
        var values = new float[rows * size];
        new NoiseBank(0).Fill(0, NoiseBank.StartDraw, values);
        return values;
    }

    private float[] Call(DenoiserNetwork network, int count, double time) => Told(network, count, time, manifest.Schedule.At(time));

    // The state of a level, told any time.
    private float[] Told(DenoiserNetwork network, int count, double time, NoiseLevel level)
    {
        var size = manifest.Sample.Size;
        float[] states = [.. noise.Take(count * size).Select(v => (float)(v * level.Sigma))];
        var output = new float[count * network.OutputSize];
        network.Run(states, [.. Enumerable.Repeat((float)time, count)], conditioning.ForAny(count), output);
        return [.. Enumerable.Range(0, count).SelectMany(i => output.AsSpan(i * network.OutputSize, size).ToArray())];
    }

    private CheckResult Schedule()
    {
        var s = manifest.Schedule;
        return new("noise", true, Text($"{s.Process.ToString().ToLowerInvariant()}, times {s.MinTime:G6} to {s.MaxTime:G6}, sigma {s.SigmaAt(s.MinTime):G4} to {s.SigmaAt(s.MaxRatioTime):G4}"));
    }

    private static CheckResult Finite(float[] output)
    {
        var bad = output.Count(v => !float.IsFinite(v));
        return bad > 0 ? new("values", false, $"{bad} of {output.Length} values are not finite at the largest noise")
            : new("values", true, Text($"finite at the largest noise; mean {output.Average():0.###}, standard deviation {Deviation(output):0.###}"));
    }

    private static CheckResult Deterministic(float[] first, float[] second)
    {
        var largest = first.Zip(second).Max(p => Math.Abs(p.First - p.Second));
        return new("repeats", largest == 0, largest == 0 ? "the same bits when called again" : Text($"called again it differs by up to {largest:G3}: the network draws random numbers, or the device sums in changing order"));
    }

    private CheckResult Independent(DenoiserNetwork network, int count, NoiseLevel level)
    {
        if (count == 1 || network.FixedBatch is not null)
        {
            return new("batches", null, "the batch is fixed; a sample cannot be called alone");
        }

        var size = manifest.Sample.Size;
        var (alone, together) = (Call(network, 1, level.Time), Call(network, count, level.Time));
        var gap = alone.Zip(together.Take(size)).Max(p => Math.Abs(p.First - p.Second)) / Math.Max(1e-12, together.Take(size).Max(Math.Abs));
        return new("batches", gap < 1e-3, Text($"a sample alone and in a batch of {count} differ by {gap:G3} of the largest value{(gap < 1e-3 ? string.Empty : ": samples of a batch influence each other (batch normalisation?)")}"));
    }

    // The state is all noise. A network that repeats it is asked again with the last times of the usual units: where one of them makes the output follow the noise better
    // than the manifest's own, the manifest has another unit.
    private CheckResult TimeUnit(DenoiserNetwork network, int count, float[] own, NoiseLevel level)
    {
        var correlations = OtherUnits.Where(t => Math.Abs(Math.Log(t / Math.Max(level.Time, 1e-6))) > Math.Log(1.5))
            .Select(t => (Time: t, Output: TryTold(network, count, t, level))).Where(t => t.Output is not null && t.Output.All(float.IsFinite))
            .Select(t => (t.Time, Correlation: Correlation(t.Output!, noise.AsSpan(0, t.Output!.Length).ToArray()), Change: Change(t.Output!, own))).ToList();
        var correlation = Correlation(own, noise.AsSpan(0, own.Length).ToArray());
        var seen = Text($"correlation with the noise {correlation:0.000} when told {level.Time:G6}, the last time of the manifest") + string.Concat(correlations.Select(c => Text($", {c.Correlation:0.000} when told {c.Time:G6}")));
        if (correlations.Count > 0 && correlations.TrueForAll(c => c.Change < LeastChange))
        {
            return new("time scale", false, $"{seen}: the output hardly depends on the time; is it in another unit (timeScale, trainSteps)?");
        }

        var better = correlations.Where(c => c.Correlation > 0.9 && c.Correlation > correlation + LeastGain).OrderByDescending(c => c.Correlation).ToList();
        return manifest.Denoiser.Prediction is not (PredictionType.Epsilon or PredictionType.Flow) || manifest.Schedule is SigmaNoiseSchedule ? new("time scale", null, $"{seen}: nothing can be told from this kind of output")
            : better.Count > 0 ? new("time scale", false, Text($"{seen}: the network's times seem to end at {better[0].Time:G6} (timeScale, trainSteps)"))
            : correlation > 0.9 && correlations.Any(c => c.Correlation < correlation - LeastGain) ? new("time scale", true, seen)
            : new("time scale", null, $"{seen}: nothing can be told");
    }

    private float[]? TryTold(DenoiserNetwork network, int count, double time, NoiseLevel level)
    {
        try
        {
            return Told(network, count, time, level);
        }
        catch (NetworkFailedException)
        {
            // A table of times that ends before.
            return null;
        }
    }

    private static double Change(float[] output, float[] other) => output.Zip(other).Average(p => Math.Abs(p.First - p.Second)) / Math.Max(1e-12, other.Average(Math.Abs));

    // The state is noise alone: a prediction of noise repeats it, one of x0 or v does not.
    private CheckResult Prediction(float[] output, NoiseLevel level)
    {
        var eps = noise.AsSpan(0, output.Length).ToArray();
        var correlation = Correlation(output, eps);
        var repeats = manifest.Denoiser.Prediction is PredictionType.Epsilon or PredictionType.Flow;
        var seen = Text($"correlation with the noise {correlation:0.000} at sigma {level.Ratio:G4}");
        return correlation > 0.9 ? new("prediction", repeats, $"{seen}: the output is the noise; {(repeats ? "fits" : "does not fit")} '{Name()}'")
            : Math.Abs(correlation) < 0.5 ? new("prediction", !repeats, $"{seen}: the output is not the noise; {(repeats ? "does not fit" : "fits")} '{Name()}'")
            : new("prediction", null, $"{seen}: nothing can be told");
    }

    private string Name() => manifest.Denoiser.Prediction.ToString().ToLowerInvariant();

    private CheckResult Data()
    {
        if (manifest.Data is null)
        {
            return new("range", null, Text($"[{manifest.Sample.Low:G4}, {manifest.Sample.High:G4}]; no data in the package to compare with"));
        }

        var values = TrainingData.Read(package);
        var (low, high) = (values.Min(), values.Max());
        var slack = 0.01 * (manifest.Sample.High - manifest.Sample.Low);
        return new("range", low >= manifest.Sample.Low - slack && high <= manifest.Sample.High + slack, Text($"data from {low:G4} to {high:G4}; the manifest says [{manifest.Sample.Low:G4}, {manifest.Sample.High:G4}]"));
    }

    private static double Deviation(float[] v)
    {
        var mean = v.Average();
        return Math.Sqrt(v.Average(x => ((double)x - mean) * (x - mean)));
    }

    private static double Correlation(float[] a, float[] b)
    {
        var (ma, mb) = (a.Average(), b.Average());
        var (sab, saa, sbb) = (0.0, 0.0, 0.0);
        for (var i = 0; i < a.Length; i++)
        {
            var (x, y) = (a[i] - ma, b[i] - mb);
            sab += x * y;
            saa += x * x;
            sbb += y * y;
        }

        return saa == 0 || sbb == 0 ? 0 : sab / Math.Sqrt(saa * sbb);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
