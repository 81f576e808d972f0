using System.Security.Cryptography;
using System.Text;

namespace BatchEval.Core.Json;

/// <summary>SHA-256 as 64 lower-case hexadecimal digits.</summary>
public static class Digest
{
    /// <summary>Digest of a text's UTF-8 bytes.</summary>
    public static string Of(string text) => Of(Encoding.UTF8.GetBytes(text));

    public static string Of(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
