using System.Text.Json.Nodes;
using BatchEval.Core.Json;
using BatchEval.Onnx.Features;
using BatchEval.Onnx.Images;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;
using BatchEval.Tests.Shared;

namespace BatchEval.Onnx.Tests.Packages;

public sealed class FeaturePackageTests : IDisposable
{
    private static readonly string Digits = Path.Combine(RepoPaths.Samples, "digits");
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("features");

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public void A_model_package_is_a_feature_package_whose_features_are_those_of_the_search()
    {
        var (images, _) = DigitsFixture.Golden("features.npz", "images");
        var pictures = TensorImages.ToImages(images, 1, 16, 16, PixelRange.Signed);
        using var network = new FeatureNetwork(FeaturePackage.Open(Digits), new DeviceOptions());

        var (features, logits) = network.Run(pictures);

        features.ShouldBe(network.Run(TensorImages.ToTensor(pictures, 1, PixelRange.Signed), withLogits: false).Features, 1e-4);
        logits!.Length.ShouldBe(10 * pictures.Length);
        network.Preprocessing.ShouldBe("model-range");
    }

    [Fact]
    public void A_stand_alone_package_names_its_resize_and_scaling_in_the_tag()
    {
        Write(Manifest());
        var package = FeaturePackage.Open(folder.FullName);
        using var own = new FeatureNetwork(package, new DeviceOptions());
        using var other = new FeatureNetwork(package, new DeviceOptions(), ResizeMethod.AntialiasedBicubic);

        own.Preprocessing.ShouldBe("tf1-bilinear 16x16 (x-127.5)/127.5");
        other.Preprocessing.ShouldBe("antialiased-bicubic 16x16 (x-127.5)/127.5");
        own.Digest.ShouldBe(FeaturePackage.Open(Digits).NetworkDigest);
        var (images, _) = DigitsFixture.Golden("features.npz", "images");
        var pictures = TensorImages.ToImages(images, 1, 16, 16, PixelRange.Signed);
        using var digits = new FeatureNetwork(FeaturePackage.Open(Digits), new DeviceOptions());
        own.Run(pictures).Features.ShouldBe(digits.Run(pictures).Features);
        own.Run([new RgbImage(40, 30, new byte[3600])]).Features.Length.ShouldBe(64);
        Should.Throw<ProblemException>(() => digits.Run([new RgbImage(40, 30, new byte[3600])], i => $"b/{i + 7}.png")).Message.ShouldContain("b/7.png is 40 x 30");
        byte[] colour = [.. Enumerable.Range(0, 768).Select(i => (byte)i)];
        Should.Throw<ProblemException>(() => digits.Run([pictures[0], new RgbImage(16, 16, colour)])).Message.ShouldContain("Image 1 is in colour");
    }

    [Theory]
    [InlineData("version", "formatVersion")]
    [InlineData("resize", "lanczos")]
    [InlineData("mean", "image.mean")]
    [InlineData("std", "above 0")]
    [InlineData("unknown", "image.crop")]
    [InlineData("image", "give both or neither")]
    [InlineData("features", "at least one")]
    [InlineData("digest", "was altered")]
    [InlineData("missing", "does not exist")]
    public void Manifests_that_do_not_fit_are_refused_by_member(string change, string word)
    {
        var manifest = Manifest();
        var image = manifest["image"]!.AsObject();
        switch (change)
        {
            case "version": manifest["formatVersion"] = 2; break;
            case "resize": image["resize"] = "lanczos"; break;
            case "mean": image["mean"] = new JsonArray(1, 2); break;
            case "std": image["std"] = new JsonArray(0); break;
            case "unknown": image["crop"] = 224; break;
            case "image": manifest.Remove("image"); break;
            case "features": manifest.Remove("image"); manifest.Remove("features"); break;
            case "digest": manifest["digests"] = new JsonObject { ["features.onnx"] = "sha256:00" }; break;
            default: manifest["features"]!["file"] = "other.onnx"; break;
        }

        Write(manifest);
        Should.Throw<ProblemException>(() => FeaturePackage.Open(folder.FullName)).Message.ShouldContain(word);
    }

    [Fact]
    public void A_folder_without_a_manifest_is_refused() =>
        Should.Throw<ProblemException>(() => FeaturePackage.Open(folder.FullName)).Message.ShouldContain("features.json");

    private static JsonObject Manifest() => JsonNode.Parse("""
        {
          "formatVersion": 1, "name": "digits-features",
          "features": { "file": "features.onnx", "input": "images", "output": "features", "logits": "logits", "dimensions": 64, "layer": "penultimate" },
          "image": { "channels": 1, "height": 16, "width": 16, "resize": "tf1-bilinear", "mean": [127.5], "std": [127.5] }
        }
        """)!.AsObject();

    private void Write(JsonObject manifest)
    {
        File.WriteAllText(Path.Combine(folder.FullName, "features.json"), manifest.ToJsonString());
        File.Copy(Path.Combine(Digits, "features.onnx"), Path.Combine(folder.FullName, "features.onnx"), overwrite: true);
    }
}
