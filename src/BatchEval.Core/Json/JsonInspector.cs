using System.Text.Json;

namespace BatchEval.Core.Json;

/// <summary>
/// Reads one JSON object member by member and collects every problem instead of stopping at the first: missing members, wrong types,
/// values out of range, and, at <see cref="Close"/>, members nobody asked for. After a problem a reader returns a harmless value.
/// </summary>
public sealed class JsonInspector
{
    private const string NotUnicode = "holds text that is not Unicode: half of a surrogate pair.";

    private readonly JsonElement element;
    private readonly ICollection<Problem> problems;
    private readonly SortedSet<string> asked = new(StringComparer.Ordinal);

    /// <summary>Begins reading an object.</summary>
    /// <param name="element">The object; anything else is a problem.</param>
    /// <param name="path">Where it stands; empty for the root.</param>
    /// <param name="problems">Collects what is wrong.</param>
    public JsonInspector(JsonElement element, string path, ICollection<Problem> problems)
    {
        (this.element, Path, this.problems) = (element, path, problems);
        if (element.ValueKind != JsonValueKind.Object)
        {
            problems.Add(new Problem(path, $"must be an object, got {JsonWords.Kind(element)}."));
        }
    }

    /// <summary>Where the object stands.</summary>
    public string Path { get; }

    /// <summary>Parses a text whose root is an object.</summary>
    /// <returns>The inspector and the document that it reads, or null after a problem.</returns>
    public static (JsonDocument Document, JsonInspector Root)? Parse(string json, ICollection<Problem> problems)
    {
        try
        {
            var document = JsonDocument.Parse(json, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, AllowDuplicateProperties = false });
            if (!IsUnicode(document.RootElement))
            {
                problems.Add(new Problem(string.Empty, NotUnicode));
                document.Dispose();
                return null;
            }

            return (document, new JsonInspector(document.RootElement, string.Empty, problems));
        }
        catch (JsonException error)
        {
            problems.Add(new Problem(string.Empty, ErrorText.OfJson(error)));
            return null;
        }
        catch (InvalidOperationException)
        {
            // The parser compares the names of members to find duplicates.
            problems.Add(new Problem(string.Empty, NotUnicode));
            return null;
        }
    }

    // Escapes such as \ud800 alone pass the parser and throw only where the text is read.
    private static bool IsUnicode(JsonElement element)
    {
        try
        {
            return element.ValueKind switch
            {
                JsonValueKind.Object => element.EnumerateObject().All(m => m.Name is not null && IsUnicode(m.Value)),
                JsonValueKind.Array => element.EnumerateArray().All(IsUnicode),
                JsonValueKind.String => element.GetString() is not null,
                _ => true,
            };
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>Whether a member is present and not null.</summary>
    public bool Has(string name) => Find(name) is not null;

    /// <summary>The same object with some of its members only.</summary>
    public JsonInspector Only(Func<string, bool> keep) =>
        new(JsonSerializer.SerializeToElement(element.EnumerateObject().Where(m => keep(m.Name)).DistinctBy(m => m.Name).ToDictionary(m => m.Name, m => m.Value)), Path, problems);

    /// <summary>Names of all members there are.</summary>
    public IEnumerable<string> Names => element.ValueKind == JsonValueKind.Object ? element.EnumerateObject().Select(m => m.Name) : [];

    /// <summary>A string member.</summary>
    /// <param name="fallback">Value when absent; null makes the member required.</param>
    /// <param name="allowed">The only values allowed; empty for any non-empty text.</param>
    public string Text(string name, string? fallback = null, params IReadOnlyCollection<string> allowed)
    {
        if (Find(name) is not { } value)
        {
            return Missing(name, fallback, string.Empty);
        }

        if (value.ValueKind != JsonValueKind.String)
        {
            return Wrong(name, $"must be a string, got {JsonWords.Kind(value)}.", string.Empty);
        }

        var text = value.GetString()!;
        return allowed.Count > 0 && !allowed.Contains(text) ? Wrong(name, $"is '{text}'; allowed: {string.Join(", ", allowed)}.{Nearest.Suggest(text, allowed)}", fallback ?? string.Empty)
            : text.Length == 0 ? Wrong(name, "must not be empty.", string.Empty)
            : text;
    }

    /// <summary>A string member whose values have other names elsewhere.</summary>
    /// <param name="aliases">The allowed value of each other name.</param>
    /// <param name="allowed">The only values allowed; one of them is returned.</param>
    public string Choice(string name, IReadOnlyDictionary<string, string> aliases, params IReadOnlyCollection<string> allowed) =>
        Find(name) is { ValueKind: JsonValueKind.String } value && aliases.TryGetValue(value.GetString()!, out var known) ? known : Text(name, null, allowed);

    /// <summary>A number member within [<paramref name="low"/>, <paramref name="high"/>]; null fallback makes it required.</summary>
    public double Number(string name, double? fallback = null, double low = double.NegativeInfinity, double high = double.PositiveInfinity)
    {
        if (Find(name) is not { } value)
        {
            return Missing(name, fallback, 0) ?? 0;
        }

        if (value.ValueKind != JsonValueKind.Number)
        {
            return Wrong(name, $"must be a number, got {JsonWords.Kind(value)}.", 0.0);
        }

        var number = value.GetDouble();
        return number >= low && number <= high && double.IsFinite(number) ? number : Wrong(name, $"is {value.GetRawText()}; allowed: {Range(low, high)}.", fallback ?? 0);
    }

    /// <summary>A whole-number member within [<paramref name="low"/>, <paramref name="high"/>]; null fallback makes it required.</summary>
    public int Integer(string name, int? fallback = null, int low = int.MinValue, int high = int.MaxValue)
    {
        if (Find(name) is not { } value)
        {
            return Missing(name, fallback, 0) ?? 0;
        }

        return Integer(value, Join(name), low, high) ?? fallback ?? 0;
    }

    /// <summary>An unsigned 64-bit member.</summary>
    public ulong Unsigned(string name, ulong fallback) =>
        Find(name) is not { } value ? fallback
        : value.ValueKind == JsonValueKind.Number && value.TryGetUInt64(out var number) ? number
        : Wrong(name, $"must be a whole number of at least 0, got {JsonWords.Kind(value)} {value.GetRawText()}.", fallback);

    /// <summary>A true-or-false member; null fallback makes it required.</summary>
    public bool Flag(string name, bool? fallback = null) => Find(name) switch
    {
        null => Missing(name, fallback, false) ?? false,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        { } value => Wrong(name, $"must be true or false, got {JsonWords.Kind(value)}.", false),
    };

    /// <summary>An object member, or null when absent (a problem if <paramref name="required"/>) or not an object.</summary>
    public JsonInspector? Child(string name, bool required = false)
    {
        if (Find(name) is not { } value)
        {
            return required ? Missing<JsonInspector>(name, null, null!) : null;
        }

        return value.ValueKind == JsonValueKind.Object ? new JsonInspector(value, Join(name), problems) : Wrong<JsonInspector?>(name, $"must be an object, got {JsonWords.Kind(value)}.", null);
    }

    /// <summary>The objects of an array member; empty when absent (a problem if <paramref name="required"/>).</summary>
    public IReadOnlyList<JsonInspector> Children(string name, bool required = false) => [.. Items(name, required).Select(i => new JsonInspector(i.Value, i.Path, problems))];

    /// <summary>A member of any kind, or null when absent.</summary>
    public JsonElement? Any(string name) => Find(name);

    /// <summary>The elements of an array member with their paths; empty when absent (a problem if <paramref name="required"/>).</summary>
    public IReadOnlyList<(JsonElement Value, string Path)> Items(string name, bool required = false)
    {
        if (Find(name) is not { } value)
        {
            return required ? Missing<IReadOnlyList<(JsonElement, string)>>(name, null, []) : [];
        }

        return value.ValueKind == JsonValueKind.Array
            ? [.. value.EnumerateArray().Select((e, i) => (e, $"{Join(name)}[{i}]"))]
            : Wrong<IReadOnlyList<(JsonElement, string)>>(name, $"must be an array, got {JsonWords.Kind(value)}.", []);
    }

    /// <summary>An array of whole numbers; null when absent.</summary>
    public IReadOnlyList<int>? Integers(string name, int low = int.MinValue, int high = int.MaxValue) =>
        Has(name) ? [.. Items(name).Select(i => Integer(i.Value, i.Path, low, high) ?? low)] : null;

    /// <summary>An array of numbers; null when absent.</summary>
    public IReadOnlyList<double>? Numbers(string name) =>
        Has(name) ? [.. Items(name).Select(i => i.Value.ValueKind == JsonValueKind.Number ? i.Value.GetDouble() : Add(i.Path, $"must be a number, got {JsonWords.Kind(i.Value)}.", 0.0))] : null;

    /// <summary>An array of strings; null when absent.</summary>
    public IReadOnlyList<string>? Texts(string name) =>
        Has(name) ? [.. Items(name).Select(i => i.Value.ValueKind == JsonValueKind.String ? i.Value.GetString()! : Add(i.Path, $"must be a string, got {JsonWords.Kind(i.Value)}.", string.Empty))] : null;

    /// <summary>Reports a problem with a member.</summary>
    public void Report(string name, string message) => problems.Add(new Problem(Join(name), message));

    /// <summary>Reports every member that was never asked for. Call it last.</summary>
    public void Close()
    {
        if (element.ValueKind == JsonValueKind.Object)
        {
            foreach (var member in element.EnumerateObject().Where(m => !asked.Contains(m.Name) && m.Name != "$schema"))
            {
                problems.Add(new Problem(Join(member.Name), $"is unknown; allowed: {string.Join(", ", asked)}."));
            }
        }
    }

    private static string Range(double low, double high) => (double.IsInfinity(low), double.IsInfinity(high)) switch
    {
        (true, true) => "any finite number",
        (false, true) => $"at least {low}",
        (true, false) => $"at most {high}",
        _ => $"{low} to {high}",
    };

    private int? Integer(JsonElement value, string path, int low, int high)
    {
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetInt32(out var number))
        {
            return Add<int?>(path, $"must be a whole number, got {(value.ValueKind == JsonValueKind.Number ? value.GetRawText() : JsonWords.Kind(value))}.", null);
        }

        var range = Range(low == int.MinValue ? double.NegativeInfinity : low, high == int.MaxValue ? double.PositiveInfinity : high);
        return number >= low && number <= high ? number : Add<int?>(path, $"is {number}; allowed: {range}.", null);
    }

    private JsonElement? Find(string name)
    {
        asked.Add(name);
        return element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }

    private T Missing<T>(string name, T? fallback, T harmless) => fallback is not null ? fallback : Wrong(name, "is missing.", harmless);

    private T? Missing<T>(string name, T? fallback, T harmless)
        where T : struct => fallback ?? Wrong(name, "is missing.", harmless);

    private T Wrong<T>(string name, string message, T harmless) => Add(Join(name), message, harmless);

    private T Add<T>(string path, string message, T harmless)
    {
        problems.Add(new Problem(path, message));
        return harmless;
    }

    private string Join(string name) => Path.Length == 0 ? name : $"{Path}.{name}";
}
