using System.Text.Json;
using BatchEval.Tests.Shared;

namespace BatchEval.Onnx.Tests.Images;

/// <summary>Small files written by Pillow and by hand, for what our own encoder cannot write.</summary>
internal static class SampleFiles
{
    /// <summary>16 x 8; the left half is (200, 40, 30), the right half (20, 60, 210); colour at full resolution.</summary>
    public static byte[] JpegBaseline => Convert.FromBase64String(
        "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMUFRUVDA8XGBYUGBIUFRT/2wBDAQMEBA" +
        "UEBQkFBQkUDQsNFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBT/wAARCAAIABADAREAAhEBAxEB/8QAFQABAQAAAAAAAAAA" +
        "AAAAAAAABgf/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/8QAFgEBAQEAAAAAAAAAAAAAAAAACQcI/8QAFBEBAAAAAAAAAAAAAAAAAAAAAP/aAAwDAQACEQMRAD8AiSVNsAhMBp" +
        "P/2Q==");

    /// <summary>The same, progressive.</summary>
    public static byte[] JpegProgressive => Convert.FromBase64String(
        "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMUFRUVDA8XGBYUGBIUFRT/2wBDAQMEBA" +
        "UEBQkFBQkUDQsNFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBT/wgARCAAIABADAREAAhEBAxEB/8QAFQABAQAAAAAAAAAA" +
        "AAAAAAAABQb/xAAWAQEBAQAAAAAAAAAAAAAAAAAIBgf/2gAMAwEAAhADEAAAAYiU2wJMGj//xAAUEAEAAAAAAAAAAAAAAAAAAAAQ/9oACAEBAAEFAj//xAAUEQEAAAAAAA" +
        "AAAAAAAAAAAAAQ/9oACAEDAQE/AT//xAAUEQEAAAAAAAAAAAAAAAAAAAAQ/9oACAECAQE/AT//xAAUEAEAAAAAAAAAAAAAAAAAAAAQ/9oACAEBAAY/Aj//xAAUEAEAAAAA" +
        "AAAAAAAAAAAAAAAQ/9oACAEBAAE/IT//2gAMAwEAAgADAAAAEM//xAAUEQEAAAAAAAAAAAAAAAAAAAAQ/9oACAEDAQE/ED//xAAUEQEAAAAAAAAAAAAAAAAAAAAQ/9oACA" +
        "ECAQE/ED//xAAUEAEAAAAAAAAAAAAAAAAAAAAQ/9oACAEBAAE/ED//2Q==");

    /// <summary>The red channel of the same: 200 left, 20 right.</summary>
    public static byte[] JpegGrey => Convert.FromBase64String(
        "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIsIxwcKDcpLDAxNDQ0Hyc5PTgyPC4zNDL/wAALCAAIAB" +
        "ABAREA/8QAFQABAQAAAAAAAAAAAAAAAAAABwj/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/9oACAEBAAA/AEhJb//Z");

    /// <summary>2 x 1: 5, 200.</summary>
    public static byte[] PngGrey => Convert.FromBase64String(
        "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAAAAADRSSBWAAAAC0lEQVR42mNgPQEAANUAziCIgPUAAAAASUVORK5CYII=");

    /// <summary>2 x 1 with 16 bits: 0x05FF, 0xC800.</summary>
    public static byte[] PngGrey16 => Convert.FromBase64String(
        "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABEAAAAACB2fwVAAAADUlEQVR42mNg/X+CAQAEpgHNZB9+kQAAAABJRU5ErkJggg==");

    /// <summary>2 x 1: (10, 20, 30) fully transparent, (40, 50, 60) opaque.</summary>
    public static byte[] PngAlpha => Convert.FromBase64String(
        "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAYAAAD0In+KAAAAEUlEQVR42mPgEpFj0DCy+Q8ABEYB0koNFQoAAAAASUVORK5CYII=");

    /// <summary>2 x 1 with the palette (1, 2, 3), (4, 5, 6): entries 1, 0.</summary>
    public static byte[] PngPalette => Convert.FromBase64String(
        "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAMAAADD/I+4AAAABlBMVEUBAgMEBQaVU29IAAAAC0lEQVR42mNgZAAAAAUAAkLCRJ8AAAAASUVORK5CYII=");

    /// <summary>1 x 1, interlaced.</summary>
    public static byte[] PngInterlaced => Convert.FromBase64String(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAAHncGNIAAAADElEQVR42mNgZGIGAAAOAAfpkjfUAAAAAElFTkSuQmCC");

    /// <summary>Claims 20000 x 20000 pixels in 69 bytes.</summary>
    public static byte[] PngHuge => Convert.FromBase64String(
        "iVBORw0KGgoAAAANSUhEUgAATiAAAE4gCAIAAABsEtFuAAAADElEQVR42mNgZGIGAAAOAAfpkjfUAAAAAElFTkSuQmCC");

    /// <summary>1 x 1, its only pixel transparent.</summary>
    public static byte[] GifTransparent => Convert.FromBase64String("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7");

    /// <summary>Files of every kind that is read, with the pixels that Pillow makes of them.</summary>
    public static JsonDocument Golden() => JsonDocument.Parse(File.ReadAllText(Path.Combine(RepoPaths.Root, "tests", "Golden", "images", "decoded.json")));

    /// <summary>The files of <see cref="Golden"/>.</summary>
    public static (string Name, byte[] File)[] OfEveryKind()
    {
        using JsonDocument golden = Golden();
        return [.. golden.RootElement.GetProperty("results").EnumerateArray().Select(row => (row.GetProperty("name").GetString()!, row.GetProperty("file").GetBytesFromBase64()))];
    }
}
