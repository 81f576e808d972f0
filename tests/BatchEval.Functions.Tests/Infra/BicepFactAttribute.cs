using System.Reflection;

namespace BatchEval.Functions.Tests.Infra;

/// <summary>A test that needs the Bicep compiler, which is restored as a NuGet package on Linux x64.</summary>
internal sealed class BicepFactAttribute : FactAttribute
{
    public BicepFactAttribute()
    {
        if (Compiler.Length == 0) Skip = "The Bicep compiler is restored on Linux x64 only.";
    }

    /// <summary>Path of the compiler, or empty.</summary>
    public static string Compiler { get; } =
        typeof(BicepFactAttribute).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "BicepPath").Value ?? string.Empty;
}
