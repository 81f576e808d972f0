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
    [InlineData("/elsewhere/nested", "a/nested")]
    [InlineData("/elsewhere/twin", null)]
    [InlineData("/elsewhere/none", null)]
    [InlineData("ROOT/../flat", "flat")]
    [InlineData("..", null)]
    public void A_model_is_named_as_the_service_names_it(string model, string? name)
    {
        foreach (var package in new[] { "flat", "a/nested", "a/twin", "b/twin" })
        {
            File.WriteAllText(Path.Combine(Directory.CreateDirectory(Path.Combine(root, package)).FullName, "model.json"), "{}");
        }

        new ModelCatalog([root]).NameOf(model.Replace("ROOT", root, StringComparison.Ordinal)).ShouldBe(name);
    }

    public void Dispose() => Directory.Delete(root, recursive: true);
}
