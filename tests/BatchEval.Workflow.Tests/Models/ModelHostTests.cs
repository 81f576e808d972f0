using BatchEval.Core.Json;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Models;
using BatchEval.Workflow.Specifications;

namespace BatchEval.Workflow.Tests.Models;

public sealed class ModelHostTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("models").FullName;
    private readonly ModelHost models;

    public ModelHostTests()
    {
        var package = Directory.CreateDirectory(Path.Combine(folder, "digits")).FullName;
        foreach (var file in Directory.GetFiles(Path.Combine(RepoPaths.Samples, "digits")))
        {
            File.Copy(file, Path.Combine(package, Path.GetFileName(file)));
        }

        models = new ModelHost(new DeviceOptions(), [folder]);
    }

    // The digest over all files was computed again at every activity.
    [Fact]
    public void A_package_is_read_once()
    {
        var first = models.Find("digits");
        models.Find("digits").ShouldBeSameAs(first);
        models.Find(Path.Combine(folder, "digits")).ShouldBeSameAs(first);
    }

    [Theory]
    [InlineData("model.json")]
    [InlineData("ref_stats.npz")]
    public void A_changed_file_is_noticed(string file)
    {
        var before = models.Find("digits");
        var path = Path.Combine(before.Directory, file);
        File.AppendAllText(path, " ");
        Digest().ShouldNotBe(before.Digest);
        File.SetLastWriteTimeUtc(path, File.GetLastWriteTimeUtc(path).AddSeconds(1));
        Digest().ShouldNotBe(before.Digest);

        // A manifest that states digests refuses the file that was altered.
        string? Digest() => Record.Exception(() => models.Find("digits")) is ProblemException ? null : models.Find("digits").Digest;
    }

    [Fact]
    public void A_file_that_a_link_leads_to_is_noticed_when_it_changes()
    {
        var path = Path.Combine(folder, "digits", ModelPackage.ManifestFile);
        var elsewhere = Path.Combine(folder, "elsewhere.json");
        File.Move(path, elsewhere);
        File.CreateSymbolicLink(path, elsewhere);
        var before = models.Find("digits");
        models.Find("digits").ShouldBeSameAs(before);
        File.AppendAllText(elsewhere, "\n");
        models.Find("digits").Digest.ShouldNotBe(before.Digest);
    }

    // A network was run for every keystroke in the form of a new run.
    [Fact]
    public void Costs_are_counted_once_and_only_where_a_run_needs_them()
    {
        var package = models.Find("digits");
        models.Count(package).ShouldNotBeNull().Macs.ShouldBeGreaterThan(0);
        models.Count(package).ShouldBeSameAs(models.Count(package));
        var calls = SpecificationJson.Read("""{ "name": "n", "model": "digits", "budget": { "networkCalls": 3 } }""");
        ModelCosts.Needed(calls, models, package).ShouldBeNull();
        ModelCosts.Needed(calls with { Budget = new BudgetSpecification { Macs = new CostLimit(1e9) } }, models, package).ShouldBeSameAs(models.Count(package));
    }

    // A worker computed with the new files under the digest of the old ones.
    [Fact]
    public void A_host_of_one_package_notices_that_it_was_replaced()
    {
        var package = models.Find("digits");
        using var one = new ModelHost(new DeviceOptions(), package);
        one.Find("whatever").ShouldBeSameAs(package);
        File.SetLastWriteTimeUtc(Path.Combine(package.Directory, "unet.onnx"), DateTime.UtcNow.AddSeconds(5));
        Should.Throw<IOException>(() => one.Find("whatever")).Message.ShouldBe($"The model package '{package.Directory}' has changed since this process read it; start it again.");
    }

    public void Dispose()
    {
        models.Dispose();
        Directory.Delete(folder, true);
    }
}
