using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace BatchEval.EndToEnd.Architecture;

/// <summary>
/// The house rule that arrows point inward only: Functions and Cli -> Http -> Workflow -> Onnx -> Core.
/// Works on texts, so that it also covers projects that are not built here.
/// </summary>
internal static partial class InwardRule
{
    private sealed record Room(string[] Projects, string[] ForbiddenPackages, string[] ForbiddenNames, string[]? OnlyPackages = null);

    private const string Core = "BatchEval.Core", Onnx = "BatchEval.Onnx", Workflow = "BatchEval.Workflow", Http = "BatchEval.Http",
        Functions = "BatchEval.Functions", Cli = "BatchEval.Cli";

    private static readonly string[] Hosts = ["Microsoft.Azure.Functions", "Microsoft.DurableTask", "Microsoft.AspNetCore", "Spectre.Console", "System.CommandLine"];

    private static readonly Dictionary<string, Room> Rooms = new()
    {
        [Core] = new(
            Projects: [],
            ForbiddenPackages: [],
            ForbiddenNames: [Onnx, Workflow, Http, Functions, Cli, "Microsoft.ML", "Microsoft.Extensions", "Azure", .. Hosts, "System.Net", "System.Data", "System.Diagnostics.Process"],
            OnlyPackages: ["MathNet.Numerics", "System.Numerics.Tensors"]),
        [Onnx] = new(
            Projects: [Core],
            ForbiddenPackages: ["Azure", "Microsoft.Azure", .. Hosts],
            ForbiddenNames: [Workflow, Http, Functions, Cli, "Azure", "Microsoft.Azure", .. Hosts]),
        [Workflow] = new(
            Projects: [Core, Onnx],
            ForbiddenPackages: ["Microsoft.Azure", .. Hosts],
            ForbiddenNames: [Http, Functions, Cli, "Microsoft.Azure", .. Hosts]),
        [Http] = new(
            Projects: [Core, Onnx, Workflow],
            ForbiddenPackages: ["Microsoft.Azure", "Microsoft.DurableTask", "Spectre.Console", "System.CommandLine"],
            ForbiddenNames: [Functions, Cli, "Microsoft.Azure", "Microsoft.DurableTask", "Spectre.Console", "System.CommandLine"]),
        [Functions] = new(
            Projects: [Core, Onnx, Workflow, Http],
            ForbiddenPackages: ["Spectre.Console", "System.CommandLine"],
            ForbiddenNames: [Cli, "Spectre.Console", "System.CommandLine"]),
        [Cli] = new(
            Projects: [Core, Onnx, Workflow, Http],
            ForbiddenPackages: ["Microsoft.Azure.Functions", "Microsoft.DurableTask"],
            ForbiddenNames: [Functions, "Microsoft.Azure.Functions", "Microsoft.DurableTask"]),
    };

    /// <summary>What a project file refers to against the rule.</summary>
    public static IEnumerable<string> CheckProject(string project, string xml)
    {
        if (!Rooms.TryGetValue(project, out Room? room))
        {
            yield return $"{project}: no rule says what this project may refer to";
            yield break;
        }

        XDocument document = XDocument.Parse(xml);
        foreach (string reference in Includes("ProjectReference").Select(path => Path.GetFileNameWithoutExtension(path.Replace('\\', '/'))))
        {
            // Projects outside src (contract assemblies under eng) are not rooms of the house.
            if (Rooms.ContainsKey(reference) && !room.Projects.Contains(reference)) yield return $"{project} refers to project {reference}";
        }

        foreach (string package in Includes("PackageReference").Concat(Includes("FrameworkReference")))
        {
            if (room.OnlyPackages is { } only && !only.Contains(package)) yield return $"{project} refers to package {package}";
            if (room.ForbiddenPackages.Any(prefix => IsWithin(package, prefix))) yield return $"{project} refers to package {package}";
        }

        IEnumerable<string> Includes(string element) =>
            document.Descendants(element).Select(e => (string?)e.Attribute("Include")).OfType<string>();
    }

    /// <summary>Which forbidden namespaces a source file names, in a using or fully qualified.</summary>
    public static IEnumerable<string> CheckSource(string project, string file, string code)
    {
        if (!Rooms.TryGetValue(project, out Room? room)) yield break;
        foreach (Match name in QualifiedName().Matches(WithoutCommentsAndStrings(code)))
        {
            string compact = Whitespace().Replace(name.Value, "");
            if (room.ForbiddenNames.Any(prefix => IsWithin(compact, prefix))) yield return $"{file} names {compact}";
        }
    }

    private static bool IsWithin(string name, string prefix) =>
        name == prefix || name.StartsWith(prefix + ".", StringComparison.Ordinal);

    /// <summary>Interpolated strings stay: their holes are code.</summary>
    private static string WithoutCommentsAndStrings(string code) =>
        CommentOrLiteral().Replace(code, match => match.Value.StartsWith('$') ? match.Value : " ");

    [GeneratedRegex(""""//[^\n]*|/\*.*?\*/|\$*"""+.*?"""+|\$?@\$?"(?:[^"]|"")*"|\$?"(?:\\.|[^"\\\n])*"|'(?:\\.[^']*|[^'\\])'"""", RegexOptions.Singleline)]
    private static partial Regex CommentOrLiteral();

    // Two or more parts: a lone identifier such as "Azure" may be anything.
    [GeneratedRegex(@"(?<![\w.])[A-Za-z_]\w*(?:\s*\.\s*[A-Za-z_]\w*)+")]
    private static partial Regex QualifiedName();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Whitespace();
}
