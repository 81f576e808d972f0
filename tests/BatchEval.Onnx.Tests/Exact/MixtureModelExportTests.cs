using BatchEval.Core.Json;
using BatchEval.Core.Randomness;
using BatchEval.Core.Search.Schedules;
using BatchEval.Tests.Shared;
using BatchEval.Onnx.Networks;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;
using BatchEval.Onnx.Sampling;

namespace BatchEval.Onnx.Tests.Exact;

public sealed class MixtureModelExportTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("batcheval-mixture").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 2)]
    public void The_exported_network_is_the_closed_form(int rows, int columns)
    {
        var mixture = rows * columns == 1 ? GaussianMixture.Single(2, 0.5) : GaussianMixture.Grid(rows, columns, 0.15, 0.5);
        MixtureModelExport.Write(mixture, folder);
        using var model = SamplingModel.Open(ModelPackage.Open(folder), new DeviceOptions());
        var denoiser = new NetworkDenoiser(model, new NoiseBank(1), Conditions.None, batchSize: 3);
        double[] sigmas = [80, 5, 1, 0.4, 0.1, 0.02, 0.002];
        var states = new float[2 * sigmas.Length];
        for (var n = 0; n < sigmas.Length; n++)
        {
            (states[2 * n], states[(2 * n) + 1]) = ((float)(0.3 + sigmas[n]), (float)(-0.2 + (0.5 * sigmas[n])));
        }

        var (found, exact) = (new float[states.Length], new float[states.Length]);
        denoiser.Denoise(states, sigmas, new long[sigmas.Length], found);
        new MixtureDenoiser(mixture).Denoise(states, sigmas, new long[sigmas.Length], exact);

        found.ShouldBe(exact, 2e-4);
    }

    [Fact]
    public void A_package_without_data_names_the_way_out()
    {
        MixtureModelExport.Write(GaussianMixture.Single(2, 0.5), folder);
        Should.Throw<ProblemException>(() => TrainingData.Read(ModelPackage.Open(folder))).Message.ShouldContain("--data-free");
    }

    [Fact]
    public void Data_of_the_digits_are_in_the_models_range()
    {
        var package = ModelPackage.Open(Path.Combine(BatchEval.Tests.Shared.RepoPaths.Samples, "digits"));
        var data = TrainingData.Read(package);
        data.Length.ShouldBe(1500 * 256);
        (data.Min(), data.Max()).ShouldBe((-1, 1));
    }
}
