using System.Buffers.Binary;
using System.Security.Cryptography;
using BatchEval.Onnx.Images;

namespace BatchEval.Onnx.Datasets;

/// <summary>
/// Names a set of images by its pixels: the SHA-256 of every image's size and bytes, added up as four 64-bit numbers, and the count. The order of the images
/// and the way they were stored do not matter. It tells sets apart; it is no protection against somebody who forges one.
/// </summary>
internal sealed class ImageSetDigest
{
    private readonly ulong[] sum = new ulong[4];

    public ImageSetDigest()
    {
    }

    /// <summary>Goes on from a saved state.</summary>
    /// <param name="state">What <see cref="State"/> gave.</param>
    public ImageSetDigest(IReadOnlyList<long> state)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(state.Count, 5, nameof(state));
        Count = state[0];
        for (var i = 0; i < sum.Length; i++)
        {
            sum[i] = (ulong)state[i + 1];
        }
    }

    /// <summary>Images added so far.</summary>
    public long Count { get; private set; }

    /// <summary>The count and the four sums.</summary>
    public long[] State => [Count, .. sum.Select(value => (long)value)];

    public void Add(RgbImage image)
    {
        Add(HashOf(image));
    }

    public override string ToString() => string.Concat(sum.Select(value => $"{value:x16}")) + $"-{Count}";

    /// <summary>What one image contributes; may be computed side by side.</summary>
    internal static byte[] HashOf(RgbImage image)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> size = stackalloc byte[8];
        BinaryPrimitives.WriteInt32LittleEndian(size, image.Width);
        BinaryPrimitives.WriteInt32LittleEndian(size[4..], image.Height);
        hash.AppendData(size);
        hash.AppendData(image.Pixels);
        return hash.GetHashAndReset();
    }

    internal void Add(ReadOnlySpan<byte> hash)
    {
        for (var i = 0; i < sum.Length; i++)
        {
            sum[i] += BinaryPrimitives.ReadUInt64LittleEndian(hash[(8 * i)..]);
        }

        Count++;
    }
}
