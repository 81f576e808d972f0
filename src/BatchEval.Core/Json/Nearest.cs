namespace BatchEval.Core.Json;

/// <summary>Finds what a mistyped name was meant to be.</summary>
public static class Nearest
{
    /// <summary>" Did you mean 'x'?" for the nearest of some names, all of them where several are equally near; an empty text where none is near.</summary>
    public static string Suggest(string text, IEnumerable<string> names)
    {
        var nearest = names.GroupBy(n => Distance(Plain(text), Plain(n))).MinBy(g => g.Key);
        string[] near = nearest is null ? [] : [.. nearest.Where(n => nearest.Key <= Math.Max(2, Plain(n).Length / 3)).Order(StringComparer.Ordinal).Select(n => $"'{n}'")];
        return near.Length == 0 ? string.Empty : $" Did you mean {string.Join(" or ", near)}?";
    }

    /// <summary>A name without case, spaces and separators, "++" as in many tools.</summary>
    public static string Plain(string name) =>
        string.Concat(name.Replace("++", "pp", StringComparison.Ordinal).Where(char.IsLetterOrDigit)).ToLowerInvariant();

    // Levenshtein distance
    private static int Distance(string a, string b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)));
            }
        }

        return row[^1];
    }
}
