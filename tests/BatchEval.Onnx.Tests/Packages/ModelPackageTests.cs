using System.Text.Json.Nodes;
using BatchEval.Core.Json;
using BatchEval.Onnx.Features;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;
using BatchEval.Onnx.Sampling;
using BatchEval.Tests.Shared;

namespace BatchEval.Onnx.Tests.Packages;

/// <summary>Broken packages are refused, and what is wrong is named.</summary>
public sealed class ModelPackageTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("batcheval-package-").FullName;

    public ModelPackageTests()
    {
        foreach (var file in Directory.GetFiles(Path.Combine(RepoPaths.Samples, "digits")))
        {
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        }
    }

    public static TheoryData<string, string, string> Changes => new()
    {
        { "denoiser.file", "\"missing.onnx\"", "denoiser.file: names 'missing.onnx', which does not exist" },
        { "denoiser.file", "\"../unet.onnx\"", "relative path inside the package" },
        { "denoiser.prediction", "\"noise\"", "denoiser.prediction: is 'noise'; allowed: epsilon, v, sample, flow" },
        { "sample.height", "\"tall\"", "sample.height: must be a whole number" },
        { "sample.range", "[1, -1]", "sample.range: must be two numbers" },
        { "sample.thresholding", "{}", "sample.thresholding: stands beside clampDenoised" },
        { "sample.thresholding", "{ \"ratio\": 2 }", "sample.thresholding.ratio: " },
        { "schedule.type", "null", "schedule.type: is missing" },
        { "schedule.betaEnd", "7", "must lie in (0, 1)" },
        { "formatVersion", "2", "formatVersion: is 2; allowed: 1 to 1" },
        { "features", "null", "features: is missing, although reference statistics are given" },
        { "colour", "1", "colour: is unknown; allowed:" },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public void A_wrong_field_is_named(string path, string value, string message)
    {
        Change(path, value);
        Should.Throw<ProblemException>(() => ModelPackage.Open(folder)).Message.ShouldContain(message);
    }

    [Fact]
    public void Everything_wrong_is_reported_at_once()
    {
        Change("denoiser.prediction", "\"noise\"");
        Change("sample.height", "0");
        Should.Throw<ProblemException>(() => ModelPackage.Open(folder)).Problems.Count.ShouldBe(2);
    }

    [Fact]
    public void An_altered_file_is_noticed()
    {
        File.AppendAllText(Path.Combine(folder, "features.onnx"), "x");
        Should.Throw<ProblemException>(() => ModelPackage.Open(folder)).Message.ShouldContain("digests.features.onnx: states sha256:");
    }

    [Theory]
    [InlineData("denoiser.inputs.time", "\"clock\"", "has no input named 'clock'; it has: sample, timestep, class_labels")]
    [InlineData("denoiser.output", "\"noise\"", "has no output named 'noise'; it has: eps")]
    [InlineData("sample.height", "32", "wants [batch, 1, 32, 16]")]
    public void A_manifest_that_does_not_fit_its_network_is_named(string path, string value, string message)
    {
        Change(path, value);
        Should.Throw<ProblemException>(() => SamplingModel.Open(ModelPackage.Open(folder), new DeviceOptions())).Message.ShouldContain(message);
    }

    [Fact]
    public void A_corrupt_network_is_named()
    {
        Change("digests", "{}");
        File.WriteAllText(Path.Combine(folder, "unet.onnx"), "this is not ONNX");
        Should.Throw<ProblemException>(() => SamplingModel.Open(ModelPackage.Open(folder), new DeviceOptions())).Message.ShouldContain("unet.onnx' could not be loaded as an ONNX model");
    }

    [Fact]
    public void Feature_dimensions_that_differ_from_the_network_are_named()
    {
        Change("features.dimensions", "63");
        Should.Throw<ProblemException>(() => new FeatureNetwork(FeaturePackage.Open(folder), new DeviceOptions())).Message.ShouldContain("the manifest says [batch, 63]");
    }

    [Fact]
    public void A_folder_without_a_manifest_is_no_package() =>
        Should.Throw<ProblemException>(() => ModelPackage.Open(Path.GetTempPath())).Message.ShouldContain("has no model.json");

    [Fact]
    public void An_unknown_device_is_refused() =>
        Should.Throw<ArgumentException>(() => new DeviceOptions("tpu").CreateSessionOptions()).Message.ShouldContain("cpu, cuda");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private void Change(string path, string value)
    {
        var file = Path.Combine(folder, ModelPackage.ManifestFile);
        var root = JsonNode.Parse(File.ReadAllText(file))!.AsObject();
        var parts = path.Split('.');
        var target = parts[..^1].Aggregate(root, (node, part) => node[part]!.AsObject());
        target[parts[^1]] = JsonNode.Parse(value);
        File.WriteAllText(file, root.ToJsonString());
    }
}
