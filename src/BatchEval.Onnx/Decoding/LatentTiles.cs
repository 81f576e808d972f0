namespace BatchEval.Onnx.Decoding;

/// <summary>
/// A latent decoded in tiles that overlap by a quarter and are blended linearly, as <c>enable_vae_tiling</c> of diffusers does. A tile's attention and normalisations see
/// the tile alone, so its pixels are not those of one call.
/// </summary>
internal sealed class LatentTiles
{
    // Least side in latent positions that memory alone asks for.
    private const int Least = 8;

    private readonly SampleEntry latent;
    private readonly SampleEntry image;
    private readonly int factor;
    private readonly int side;

    /// <param name="side">Side of a tile in pixels, of which <see cref="DecoderEntry.TileProblem"/> says nothing.</param>
    public LatentTiles(DecoderEntry entry, SampleEntry latent, int side)
    {
        (this.latent, image, factor) = (latent, entry.Image, entry.PixelsPerPosition(latent) ?? throw new ArgumentException(entry.TileProblem(latent, side), nameof(entry)));
        this.side = side / factor;
    }

    /// <summary>The next smaller side to try, in pixels; null where tiles would be too small to be of use.</summary>
    /// <param name="side">The one tried, or null for a whole image.</param>
    public static int? Smaller(DecoderEntry entry, SampleEntry latent, int? side)
    {
        if (entry.PixelsPerPosition(latent) is not { } factor)
        {
            return null;
        }

        var unit = DecoderEntry.Quarters * factor;
        var tried = Math.Min(side ?? int.MaxValue, Math.Max(entry.Image.Height, entry.Image.Width));
        var next = side is null && entry.TrainedSide < tried ? entry.TrainedSide.Value / unit * unit : tried / 2 / unit * unit;
        return next >= Least * factor ? next : null;
    }

    /// <summary>Whether one tile holds a whole image.</summary>
    public bool HoldsAll => latent.Height <= side && latent.Width <= side;

    /// <summary>Decodes a latent.</summary>
    /// <param name="values">[C, h, w].</param>
    /// <param name="decode">Decodes a tile of a height and a width in positions.</param>
    /// <returns>[C', H, W].</returns>
    public float[] Decode(float[] values, Func<float[], int, int, float[]> decode)
    {
        var result = new float[image.Size];
        var (stride, blend) = (side - (side / DecoderEntry.Quarters), side / DecoderEntry.Quarters * factor);
        List<Tile> above = [];
        for (var top = 0; top < latent.Height; top += stride)
        {
            var row = new List<Tile>();
            for (var left = 0; left < latent.Width; left += stride)
            {
                var (height, width) = (Math.Min(side, latent.Height - top), Math.Min(side, latent.Width - left));
                var tile = new Tile(image.Channels, height * factor, width * factor, decode(Cut(values, top, left, height, width), height, width));
                // Both neighbours are blended themselves.
                if (above.Count > 0)
                {
                    tile.BlendFromAbove(above[row.Count], blend);
                }

                if (row.Count > 0)
                {
                    tile.BlendFromLeft(row[^1], blend);
                }

                tile.CopyTo(result, image, (top * factor, left * factor), stride * factor);
                row.Add(tile);
            }

            above = row;
        }

        return result;
    }

    private float[] Cut(float[] values, int top, int left, int height, int width)
    {
        var tile = new float[latent.Channels * height * width];
        for (var row = 0; row < latent.Channels * height; row++)
        {
            var (channel, y) = (row / height, row % height);
            values.AsSpan((((channel * latent.Height) + top + y) * latent.Width) + left, width).CopyTo(tile.AsSpan(row * width));
        }

        return tile;
    }

    /// <summary>A decoded tile [channels, height, width].</summary>
    private sealed record Tile(int Channels, int Height, int Width, float[] Values)
    {
        public void BlendFromAbove(Tile above, int extent)
        {
            extent = Math.Min(extent, Math.Min(Height, above.Height));
            for (var i = 0; i < Channels * extent * Width; i++)
            {
                var (channel, y, x) = (i / (extent * Width), i / Width % extent, i % Width);
                Mix(above.Values[(((channel * above.Height) + above.Height - extent + y) * Width) + x], ref Values[(((channel * Height) + y) * Width) + x], y, extent);
            }
        }

        public void BlendFromLeft(Tile left, int extent)
        {
            extent = Math.Min(extent, Math.Min(Width, left.Width));
            for (var i = 0; i < Channels * Height * extent; i++)
            {
                var (row, x) = (i / extent, i % extent);
                Mix(left.Values[(row * left.Width) + left.Width - extent + x], ref Values[(row * Width) + x], x, extent);
            }
        }

        /// <summary>Copies what no later tile overlaps.</summary>
        /// <param name="limit">Most rows and columns.</param>
        public void CopyTo(float[] result, SampleEntry image, (int Top, int Left) at, int limit)
        {
            var (rows, columns) = (Math.Min(limit, Height), Math.Min(limit, Width));
            for (var i = 0; i < Channels * rows; i++)
            {
                var (channel, y) = (i / rows, i % rows);
                Values.AsSpan(((channel * Height) + y) * Width, columns).CopyTo(result.AsSpan((((channel * image.Height) + at.Top + y) * image.Width) + at.Left));
            }
        }

        private static void Mix(float before, ref float value, int at, int extent) =>
            value = (float)((before * (1 - ((double)at / extent))) + (value * ((double)at / extent)));
    }
}
