using System.Globalization;
using System.Text.RegularExpressions;
using BatchEval.Tests.Shared;
using Samples;

namespace BatchEval.Core.Tests.Library;

/// <summary>The sample of docs/library.md that uses Core alone.</summary>
public partial class SearchTimesTests
{
    [Fact]
    public void It_finds_levels_that_beat_those_it_began_with()
    {
        using var output = new StringWriter();
        SearchTimes.Run(output);
        var scores = Line().Matches(output.ToString());
        scores.Select(m => m.Groups["name"].Value).ShouldBe(["karras", "found"]);
        double[] values = [.. scores.Select(m => double.Parse(m.Groups["score"].Value, CultureInfo.InvariantCulture))];
        values[1].ShouldBeLessThan(0.9 * values[0]);
    }

    [Fact]
    public void It_stands_in_the_page_as_it_is() =>
        File.ReadAllText(Path.Combine(RepoPaths.Root, "docs", "library.md")).ShouldContain(File.ReadAllText(Path.Combine(RepoPaths.Samples, "library", "SearchTimes.cs")).TrimEnd(), Case.Sensitive);

    [GeneratedRegex(@"^(?<name>\w+): (?<score>-?\d+\.\d+) at (\S+, ){5}\S+\r?$", RegexOptions.Multiline)]
    private static partial Regex Line();
}
