using System.Globalization;
using BatchEval.Onnx.Graph.Proto;

namespace BatchEval.Onnx.Graph;

/// <summary>Where the content of an external tensor lies.</summary>
/// <param name="Path">Full path of the file.</param>
/// <param name="Offset">First byte.</param>
/// <param name="Length">Number of bytes.</param>
internal readonly record struct ExternalRange(string Path, long Offset, long Length)
{
    public static ExternalRange Of(TensorProto tensor, string folder, string file)
    {
        string Value(string key) => tensor.ExternalData.FirstOrDefault(e => e.Key == key)?.Value ?? string.Empty;
        var location = Value("location");
        if (location.Length == 0 || location.Contains('\0', StringComparison.Ordinal) || System.IO.Path.IsPathRooted(location) || location.Split('/', '\\').Contains(".."))
        {
            throw Refused($"lies in '{location}', which is no path inside the model's folder");
        }

        var info = Resolved(System.IO.Path.Combine(folder, location));
        if (!info.Exists)
        {
            throw Refused($"lies in '{location}', which does not exist");
        }

        var offset = Number("offset", 0);
        var length = Number("length", info.Length - offset);
        return offset >= 0 && length >= 0 && length <= info.Length - offset
            ? new ExternalRange(info.FullName, offset, length)
            : throw Refused($"is said to lie at {offset} to {offset + length} of '{location}', which has {info.Length} bytes; it was only partly copied");

        long Number(string key, long missing) =>
            Value(key) is { Length: > 0 } text
                ? long.TryParse(text, CultureInfo.InvariantCulture, out var number) ? number : throw Refused($"has the {key} '{text}', which is no number")
                : missing;

        ProblemException Refused(string why) => new($"The weight '{tensor.Name}' of {file} {why}.");
    }

    private static FileInfo Resolved(string path) => System.IO.Path.Exists(path) ? LinkedFile.Of(path) : new FileInfo(path);

    public void CopyTo(Stream destination)
    {
        using var source = File.OpenRead(Path);
        source.Seek(Offset, SeekOrigin.Begin);
        var buffer = new byte[Math.Min(Length, 1 << 20)];
        for (var left = Length; left > 0;)
        {
            var read = source.Read(buffer, 0, (int)Math.Min(left, buffer.Length));
            if (read == 0)
            {
                throw new EndOfStreamException($"'{Path}' ended early.");
            }

            destination.Write(buffer, 0, read);
            left -= read;
        }
    }
}
