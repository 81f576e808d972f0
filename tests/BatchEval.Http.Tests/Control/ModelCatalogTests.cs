using BatchEval.Http.Control;

namespace BatchEval.Http.Tests.Control;

public sealed class ModelCatalogTests : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("catalog").FullName;

    [Theory]
    [InlineData("flat", "flat")]
    [InlineData("a/nested", "a/nested")]
    [InlineData("ROOT/flat", "flat")]
    [InlineData("ROOT/a/nested/", "a/nested")]
    [InlineData("ROOT/piped/", "piped")]
    [InlineData("/elsewhere/nested", null)]
    [InlineData("/elsewhere/twin", null)]
    [InlineData("/elsewhere/none", null)]
    [InlineData("ROOT/../flat", null)]
    [InlineData("..", null)]
    public void A_model_is_named_as_the_service_names_it(string model, string? name)
    {
        Write();

        new ModelCatalog([root]).NameOf(model.Replace("ROOT", root, StringComparison.Ordinal)).ShouldBe(name);
    }

    [Fact]
    public void Diffusers_folders_are_models_and_their_parts_are_not()
    {
        Write();
        Directory.CreateDirectory(Path.Combine(root, "piped", "unet"));
        var catalog = new ModelCatalog([root]);

        catalog.Names().ShouldBe(["a/nested", "a/twin", "b/twin", "flat", "piped"]);
        (catalog.Check("piped"), catalog.Check("piped/unet")?.Path).ShouldBe((null, "model"));
        catalog.Alike("/elsewhere/twin").ShouldBe(["a/twin", "b/twin"]);
        catalog.Alike("/elsewhere/none").ShouldBeEmpty();
    }

    private void Write()
    {
        foreach (var package in new[] { "flat", "a/nested", "a/twin", "b/twin", "piped" })
        {
            File.WriteAllText(Path.Combine(Directory.CreateDirectory(Path.Combine(root, package)).FullName, package == "piped" ? "model_index.json" : "model.json"), "{}");
        }
    }

    public void Dispose() => Directory.Delete(root, recursive: true);
}
