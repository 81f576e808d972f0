using System.Text.RegularExpressions;

namespace BatchEval.Functions.Tests.Infra;

/// <summary>
/// As much of a Bicep file as can be had without a compiler: balanced brackets and strings, what is declared, what is named. Text inside
/// strings is blanked, except for the expressions in their holes.
/// </summary>
internal sealed partial class BicepFile
{
    private static readonly HashSet<string> Known =
    [
        "targetScope", "param", "var", "resource", "module", "output", "existing", "if", "for", "in", "string", "int", "bool", "object", "array", "true", "false", "null",
        "subscription", "subscriptionResourceId", "resourceGroup", "deployer", "guid", "union", "concat", "json", "toLower", "uniqueString", "utcNow", "az",
        "description", "allowed", "minLength", "maxLength", "minValue", "maxValue", "metadata", "secure",
    ];

    private BicepFile(string path)
    {
        Path = path;
        Source = File.ReadAllText(path);
        Code = Blank(Source);
        Parameters = Declarations(@"^param\s+(\w+)\s+\w+(\s*=)?");
        Variables = Declarations(@"^var\s+(\w+)()\s*=");
        Resources = Declarations(@"^resource\s+(\w+)()");
        Modules = Declarations(@"^module\s+(\w+)()");
        Outputs = Declarations(@"^output\s+(\w+)()");
    }

    public string Path { get; }

    public string Source { get; }

    /// <summary>The source without comments and the text of strings.</summary>
    public string Code { get; }

    /// <summary>Names, and whether they have a default.</summary>
    public Dictionary<string, bool> Parameters { get; }

    public Dictionary<string, bool> Variables { get; }

    public Dictionary<string, bool> Resources { get; }

    public Dictionary<string, bool> Modules { get; }

    public Dictionary<string, bool> Outputs { get; }

    public static BicepFile Read(string path) => new(path);

    /// <summary>Names that are used and declared nowhere.</summary>
    public IEnumerable<string> Undeclared()
    {
        var loops = LoopName().Matches(Code).SelectMany(m => m.Groups.Values.Skip(1)).Select(g => g.Value);
        var declared = new[] { Parameters, Variables, Resources, Modules, Outputs }.SelectMany(d => d.Keys).Concat(Known).Concat(loops).ToHashSet(StringComparer.Ordinal);
        return Name().Matches(Code).Select(m => m.Value).Where(name => !declared.Contains(name)).Distinct();
    }

    /// <summary>Parameters, variables and modules that nothing uses.</summary>
    public IEnumerable<string> Unused() =>
        Parameters.Keys.Concat(Variables.Keys).Where(name => Regex.Count(Code, $@"(?<![\w.]){name}(?![\w:])|\bin {name}:") < 2);

    /// <summary>File of a module and the parameters that it is given.</summary>
    public (string File, IReadOnlyList<string> Given) ModuleCall(string module)
    {
        var match = Regex.Match(Source, $@"^module\s+{module}\s+'([^']+)'\s*=\s*\{{", RegexOptions.Multiline);
        var begin = Regex.Match(Code, $@"^module\s+{module}\b", RegexOptions.Multiline).Index;
        var from = Code.IndexOf("params:", begin, StringComparison.Ordinal);
        var open = Code.IndexOf('{', from);
        return (match.Groups[1].Value, [.. PropertyName().Matches(Code[open..Close(open)]).Select(m => m.Groups[1].Value)]);
    }

    /// <summary>Outputs of a module that the file reads.</summary>
    public IEnumerable<string> OutputsRead(string module) => Regex.Matches(Code, $@"(?<![\w.]){module}\.outputs\.(\w+)").Select(m => m.Groups[1].Value).Distinct();

    private int Close(int open)
    {
        for (var (i, depth) = (open, 0); i < Code.Length; i++)
        {
            depth += Code[i] switch { '{' => 1, '}' => -1, _ => 0 };
            if (depth == 0)
            {
                return i;
            }
        }

        throw new FormatException($"{Path}: a bracket is not closed.");
    }

    private Dictionary<string, bool> Declarations(string pattern) =>
        Regex.Matches(Code, pattern, RegexOptions.Multiline).ToDictionary(m => m.Groups[1].Value, m => m.Groups[2].Length > 0, StringComparer.Ordinal);

    // Holes become "( expression )"; everything else in strings and comments becomes spaces.
    private static string Blank(string source)
    {
        var code = new System.Text.StringBuilder();
        var (inside, holes, brackets) = (false, new Stack<int>(), new Stack<char>());
        for (var i = 0; i < source.Length; i++)
        {
            var (c, next) = (source[i], i + 1 < source.Length ? source[i + 1] : '\0');
            if (inside)
            {
                (var kept, inside, var step) = c switch
                {
                    '\\' => (' ', true, 1),
                    '\'' => (' ', false, 0),
                    '$' when next == '{' => ('(', false, 1),
                    '\n' => throw new FormatException("A string ends at the end of its line."),
                    _ => (' ', true, 0),
                };
                i += step;
                if (kept == '(')
                {
                    holes.Push(brackets.Count);
                }

                code.Append(kept);
                continue;
            }

            if (c == '/' && next == '/')
            {
                i = source.IndexOf('\n', i) - 1;
                continue;
            }

            if (c == '}' && holes.TryPeek(out var depth) && depth == brackets.Count)
            {
                holes.Pop();
                (inside, c) = (true, ')');
            }
            else if (c is '{' or '[' or '(')
            {
                brackets.Push(c);
            }
            else if (c is '}' or ']' or ')' && (brackets.Count == 0 || brackets.Pop() != (c == '}' ? '{' : c == ']' ? '[' : '(')))
            {
                throw new FormatException($"Brackets do not match near: {source[Math.Max(0, i - 60)..i]}");
            }

            inside |= c == '\'';
            code.Append(c == '\'' ? ' ' : c);
        }

        return brackets.Count == 0 && holes.Count == 0 && !inside ? code.ToString() : throw new FormatException("A bracket or string is not closed.");
    }

    [GeneratedRegex(@"(?<![\w.@])[A-Za-z_]\w*(?!\w*\s*:[^:])\b")]
    private static partial Regex Name();

    [GeneratedRegex(@"for\s*\((\w+),\s*(\w+)\)\s*in")]
    private static partial Regex LoopName();

    [GeneratedRegex(@"(?<=[{,\n])\s*(\w+):")]
    private static partial Regex PropertyName();
}
