using System.Reflection;

[assembly: AssemblyMetadata("BatchEval.ContractsOnly", "true")]

namespace BatchEval.Contracts;

/// <summary>What every member without behaviour throws.</summary>
internal static class ContractsOnly
{
    public static NotSupportedException Refusal() =>
        new("This is a contracts build: it compiles only. Build against the official packages to run it.");
}
