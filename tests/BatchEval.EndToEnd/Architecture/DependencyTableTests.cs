using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using BatchEval.Tests.Shared;

namespace BatchEval.EndToEnd.Architecture;

/// <summary>The table of dependencies in docs/architecture.md against what the project restores.</summary>
public partial class DependencyTableTests
{
    private static readonly string Page = Read("docs/architecture.md");

    private static readonly Dictionary<string, (string Purpose, string Licence, string Reason)> Table = Row().Matches(Page[Page.IndexOf("## Dependencies", StringComparison.Ordinal)..])
        .SelectMany(row => Name().Matches(row.Groups[1].Value).Select(name => (name.Groups[1].Value, (row.Groups[2].Value, row.Groups[3].Value, row.Groups[4].Value))))
        .ToDictionary(row => row.Item1, row => row.Item2);

    private static readonly Dictionary<string, string> Packages =
        XDocument.Parse(Read("Directory.Packages.props")).Descendants("PackageVersion").ToDictionary(p => (string)p.Attribute("Include")!, p => (string)p.Attribute("Version")!);

    [Fact]
    public void Every_package_has_its_row_and_every_row_its_package()
    {
        using var npm = JsonDocument.Parse(Read("eng/package.json"));
        var restored = Packages.Keys.Concat(npm.RootElement.GetProperty("dependencies").EnumerateObject().Select(p => p.Name));
        Table.Keys.ShouldBe(restored, ignoreOrder: true);
        Table.Values.ShouldAllBe(row => row.Purpose.Length > 5 && row.Licence.Length > 2 && row.Reason.Length > 5);
    }

    [Fact]
    public void Licences_are_those_that_the_restored_packages_state()
    {
        var folder = Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        var found = 0;
        foreach (var (id, version) in Packages)
        {
            var nuspec = Path.Combine(folder, id.ToLowerInvariant(), version, id.ToLowerInvariant() + ".nuspec");
            var licence = File.Exists(nuspec) ? XDocument.Load(nuspec).Descendants().FirstOrDefault(e => e.Name.LocalName == "license" && (string?)e.Attribute("type") == "expression")?.Value : null;
            if (licence is not null)
            {
                Table[id].Licence.ShouldBe(licence, id);
                found++;
            }
        }

        found.ShouldBeGreaterThan(10);
    }

    private static string Read(string file) => File.ReadAllText(Path.Combine(RepoPaths.Root, file));

    [GeneratedRegex(@"^\| (`[^|]+`) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Name();
}
