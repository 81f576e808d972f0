using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace BatchEval.EndToEnd.Architecture;

/// <summary>
/// What a compiled assembly takes from its surroundings: files, network, clock, environment, console, unseeded randomness.
/// Reads the metadata instead of the sources, so neither aliases nor implicit usings hide anything.
/// </summary>
internal static class AmbientUse
{
    private static readonly HashSet<string> Types =
    [
        "System.Console", "System.Environment", "System.TimeProvider", "System.AppContext", "System.AppDomain",
        "System.IO.File", "System.IO.FileInfo", "System.IO.FileStream", "System.IO.FileSystemInfo", "System.IO.Directory",
        "System.IO.DirectoryInfo", "System.IO.DriveInfo", "System.IO.Path", "System.IO.StreamReader", "System.IO.StreamWriter",
        "System.IO.RandomAccess", "System.IO.FileSystemWatcher",
        "System.Diagnostics.Stopwatch", "System.Diagnostics.Process",
        "System.Security.Cryptography.RandomNumberGenerator",
        "System.Threading.Timer", "System.Timers.Timer",
    ];

    private static readonly string[] Namespaces = ["System.Net", "System.IO.Pipes", "System.IO.MemoryMappedFiles", "Microsoft.Win32"];

    private static readonly HashSet<string> Members =
    [
        "System.DateTime.get_Now", "System.DateTime.get_UtcNow", "System.DateTime.get_Today",
        "System.DateTimeOffset.get_Now", "System.DateTimeOffset.get_UtcNow",
        "System.Guid.NewGuid", "System.Guid.CreateVersion7", "System.Random.get_Shared", "System.Random..ctor/0",
        "System.Threading.Thread.Sleep", "System.Threading.Tasks.Task.Delay",
    ];

    /// <summary>Iterators compile to it; it decides nothing.</summary>
    private const string IteratorPlumbing = "System.Environment.get_CurrentManagedThreadId";

    public static IReadOnlyList<string> Of(string assemblyPath)
    {
        using FileStream file = File.OpenRead(assemblyPath);
        using var image = new PEReader(file);
        MetadataReader metadata = image.GetMetadataReader();
        var found = new SortedSet<string>(StringComparer.Ordinal);

        foreach (MemberReferenceHandle handle in metadata.MemberReferences)
        {
            MemberReference member = metadata.GetMemberReference(handle);
            if (member.Parent.Kind != HandleKind.TypeReference) continue;
            string type = NameOf(metadata, (TypeReferenceHandle)member.Parent);
            string name = $"{type}.{metadata.GetString(member.Name)}";
            if (name == IteratorPlumbing) continue;
            if (name == "System.Random..ctor") name += $"/{ParameterCount(metadata, member)}";
            if (Types.Contains(type) || Members.Contains(name)
                || Namespaces.Any(n => type.StartsWith(n + ".", StringComparison.Ordinal)))
            {
                found.Add(name);
            }
        }

        return [.. found];
    }

    private static string NameOf(MetadataReader metadata, TypeReferenceHandle handle)
    {
        TypeReference type = metadata.GetTypeReference(handle);
        string name = metadata.GetString(type.Name);
        return type.ResolutionScope.Kind == HandleKind.TypeReference
            ? $"{NameOf(metadata, (TypeReferenceHandle)type.ResolutionScope)}.{name}"
            : $"{metadata.GetString(type.Namespace)}.{name}";
    }

    private static int ParameterCount(MetadataReader metadata, MemberReference member)
    {
        BlobReader signature = metadata.GetBlobReader(member.Signature);
        signature.ReadSignatureHeader();
        return signature.ReadCompressedInteger();
    }
}
