using System.Reflection;

namespace BatchEval.Tests.Shared;

/// <summary>Where the checkout lies that this test assembly was built from.</summary>
internal static class RepoPaths
{
    public static string Root { get; } = typeof(RepoPaths).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(a => a.Key == "RepoRoot").Value!;

    public static string NodeModules => Path.Combine(Root, "artifacts", "node", "node_modules");

    public static string Samples => Path.Combine(Root, "samples");
}
