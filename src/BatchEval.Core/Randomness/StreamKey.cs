namespace BatchEval.Core.Randomness;

/// <summary>Turns what random numbers are for into a stream number, so that no two purposes share numbers by accident.</summary>
internal static class StreamKey
{
    /// <summary>Hashes a purpose and its coordinates (FNV-1a over UTF-16 and the integers' bytes, then a SplitMix64 finaliser).</summary>
    public static ulong For(string purpose, params ReadOnlySpan<long> coordinates)
    {
        var hash = 14695981039346656037UL;
        foreach (var c in purpose)
        {
            hash = (hash ^ c) * 1099511628211UL;
        }

        foreach (var coordinate in coordinates)
        {
            for (var shift = 0; shift < 64; shift += 8)
            {
                hash = (hash ^ (byte)(coordinate >> shift)) * 1099511628211UL;
            }
        }

        hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9UL;
        hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EBUL;
        return hash ^ (hash >> 31);
    }
}
