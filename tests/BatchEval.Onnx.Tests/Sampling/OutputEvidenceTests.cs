using BatchEval.Core.Json;
using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;
using BatchEval.Onnx.Sampling;
using BatchEval.Tests.Shared;

namespace BatchEval.Onnx.Tests.Sampling;

/// <summary>The bundled networks, one in eps and one in v, declared as what they are and as what they are not; the other kinds are computed from the one in v.</summary>
public sealed class OutputEvidenceTests(DigitsFixture digits) : IClassFixture<DigitsFixture>, IDisposable
{
    private const int Count = 4;
    private readonly SamplingModel glyphs = SamplingModel.Open(ModelPackage.Open(Path.Combine(RepoPaths.Samples, "glyphs")), new DeviceOptions());

    [Theory]
    [InlineData(PredictionType.Epsilon, null)]
    [InlineData(PredictionType.V, "'v', and the network's output is that of 'epsilon'")]
    [InlineData(PredictionType.Sample, "'sample', and the network's output is that of 'epsilon'")]
    public void A_network_in_eps_is_recognised(PredictionType said, string? words) => Says(Of(digits.Model, said), words);

    [Theory]
    [InlineData(PredictionType.V, null)]
    [InlineData(PredictionType.Epsilon, "'epsilon', and the network's output is that of 'v'")]
    [InlineData(PredictionType.Sample, "'sample', and the network's output is that of 'v'")]
    public void A_network_in_v_is_recognised(PredictionType said, string? words) => Says(Of(glyphs, said), words);

    [Theory]
    [InlineData(PredictionType.Sample, true, null)]
    [InlineData(PredictionType.V, true, "'v', and the network's output is that of 'sample'")]
    [InlineData(PredictionType.Epsilon, true, "'epsilon', and the network's output is that of 'sample'")]
    [InlineData(PredictionType.Sample, false, null)]
    [InlineData(PredictionType.V, false, "'v', and the network's output is that of 'sample'")]
    [InlineData(PredictionType.Epsilon, false, "'epsilon', and the network's output is that of 'sample'")]
    public void A_network_in_the_clean_sample_is_recognised_where_it_gives_its_input_back(PredictionType said, bool mixed, string? words)
    {
        var manifest = Declared(glyphs.Manifest, said);
        Says(OutputEvidence.Contradiction(manifest, Count, mixed, (x, t) => Converted(x, t, manifest.Schedule, (clean, _) => clean)), words);
    }

    // optimum's U-Nets have one time for a whole call
    [Theory]
    [InlineData(PredictionType.V, null)]
    [InlineData(PredictionType.Epsilon, "'epsilon', and the network's output is that of 'v'")]
    [InlineData(PredictionType.Sample, "'sample', and the network's output is that of 'v'")]
    public void A_network_in_v_with_one_time_for_a_call_is_recognised(PredictionType said, string? words)
    {
        var (manifest, calls) = (Declared(glyphs.Manifest, said), 0);
        var found = OutputEvidence.Contradiction(manifest, Count, false, (x, t) =>
        {
            calls++;
            t.Distinct().Count().ShouldBe(1);
            var v = new float[x.Length];
            glyphs.Networks.Without([]).Run(x, t, glyphs.Conditioning.ForAny(Count), v);
            return v;
        });
        Says(found, words);
        calls.ShouldBe(2);
    }

    [Fact]
    public void A_network_in_eps_with_one_time_for_a_call_is_called_once()
    {
        var (manifest, calls) = (digits.Model.Manifest, 0);
        OutputEvidence.Contradiction(manifest, Count, false, (x, t) =>
        {
            calls++;
            var eps = new float[x.Length];
            digits.Model.Networks.Without([]).Run(x, t, digits.Model.Conditioning.ForAny(Count), eps);
            return eps;
        }).ShouldBeNull();
        calls.ShouldBe(1);
    }

    // F = (D - c_skip x) / c_out; c_in x enters, as states are kept
    [Theory]
    [InlineData(true, null)]
    [InlineData(false, "'edm', and the network's output is that of 'epsilon'")]
    public void Noise_declared_as_EDMs_output_is_recognised(bool right, string? words)
    {
        var process = new LogSigmaNoiseSchedule(0.02, 80, 0.5);
        var manifest = Declared(glyphs.Manifest, PredictionType.Edm) with { Schedule = process };
        Says(OutputEvidence.Contradiction(manifest, Count, true, (x, t) => EdmOutput(x, t, process, right)), words);
    }

    [Theory]
    [InlineData(1000, null)]
    [InlineData(1, "schedule.timeScale is 1, and the network's times end at 1000")]
    public void A_flow_models_time_in_another_unit_is_recognised(double timeScale, string? words)
    {
        var manifest = Declared(glyphs.Manifest, PredictionType.Flow) with { Schedule = new FlowNoiseSchedule(timeScale) };
        var own = new FlowNoiseSchedule(1000);
        Says(OutputEvidence.Contradiction(manifest, Count, true, (x, t) => Converted(x, t, own, (clean, eps) => eps - clean)), words);
    }

    [Theory]
    [InlineData(PredictionType.Epsilon)]
    [InlineData(PredictionType.V)]
    [InlineData(PredictionType.Sample)]
    public void Networks_that_were_never_trained_are_not_judged(PredictionType said)
    {
        var manifest = Declared(glyphs.Manifest, said);
        for (var seed = 0UL; seed < 20; seed++)
        {
            var random = new PhiloxStream(seed, 0);
            double[] weights = [.. Enumerable.Range(0, 9).Select(_ => random.NextGaussian())];
            // a random filter along the rows, through tanh
            OutputEvidence.Contradiction(manifest, Count, true, (x, t) => [.. x.Select((_, i) => (float)Math.Tanh(weights.Select((w, k) => w * x[(i + k) % x.Length]).Sum() + (t[0] / 500)))]).ShouldBeNull($"seed {seed}");
        }
    }

    [Fact]
    public void A_package_with_the_wrong_prediction_is_refused_when_it_is_opened()
    {
        var folder = Directory.CreateTempSubdirectory("batcheval-evidence-").FullName;
        try
        {
            foreach (var file in Directory.GetFiles(digits.Package.Directory))
            {
                File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
            }

            var index = Path.Combine(folder, ModelPackage.ManifestFile);
            File.WriteAllText(index, File.ReadAllText(index).Replace("\"prediction\": \"epsilon\"", "\"prediction\": \"v\"", StringComparison.Ordinal));

            var message = Should.Throw<ProblemException>(() => SamplingModel.Open(ModelPackage.Open(folder), new DeviceOptions())).Message;

            message.ShouldContain("denoiser.prediction says 'v', and the network's output is that of 'epsilon'");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    public void Dispose() => glyphs.Dispose();

    private static void Says(string? contradiction, string? words)
    {
        if (words is null)
        {
            contradiction.ShouldBeNull();
        }
        else
        {
            contradiction.ShouldNotBeNull().ShouldContain(words);
        }
    }

    private static ModelManifest Declared(ModelManifest manifest, PredictionType said) => manifest with { Denoiser = manifest.Denoiser with { Prediction = said } };

    private static string? Of(SamplingModel model, PredictionType said) => OutputEvidence.Contradiction(Declared(model.Manifest, said), model.Networks.Without([]), model.Conditioning);

    private float[] EdmOutput(float[] states, float[] times, LogSigmaNoiseSchedule process, bool right)
    {
        var size = glyphs.Manifest.Sample.Size;
        if (!right)
        {
            return Converted(states, times, process, (_, eps) => eps);
        }

        var clean = Converted(states, times, process, (d, _) => d);
        return [.. clean.Select((d, i) =>
        {
            var level = process.At(Math.Clamp(times[i / size], process.MinTime, process.MaxTime));
            var prediction = DataPrediction.For(PredictionType.Edm, level);
            return (float)((d - (prediction.FromState * states[i])) / prediction.FromNetwork);
        })];
    }

    // x on another process as x on the network's own, of the same sigma / alpha; the network's v gives clean sample and noise
    private float[] Converted(float[] states, float[] times, NoiseSchedule process, Func<double, double, double> output)
    {
        var size = glyphs.Manifest.Sample.Size;
        var own = glyphs.Manifest.Schedule;
        NoiseLevel[] there = [.. times.Select(t => process.At(Math.Clamp(t, process.MinTime, process.MaxTime)))], here = [.. there.Select(l => own.At(own.TimeOfRatio(l.Ratio)))];
        float[] told = [.. here.Select(l => (float)l.Time)], x = [.. states.Select((s, i) => (float)(s / Math.Sqrt((there[i / size].Alpha * there[i / size].Alpha) + (there[i / size].Sigma * there[i / size].Sigma))))];
        var v = new float[x.Length];
        glyphs.Networks.Without([]).Run(x, told, glyphs.Conditioning.ForAny(Count), v);
        return [.. x.Select((value, i) => (float)output((here[i / size].Alpha * value) - (here[i / size].Sigma * v[i]), (here[i / size].Sigma * value) + (here[i / size].Alpha * v[i])))];
    }
}
