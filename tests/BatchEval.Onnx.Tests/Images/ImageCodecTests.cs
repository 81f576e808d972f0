using System.Text.Json;
using BatchEval.Onnx.Images;

namespace BatchEval.Onnx.Tests.Images;

public class ImageCodecTests
{
    [Fact]
    public void Png_keeps_every_pixel_and_the_order_of_the_colours()
    {
        byte[] pixels = [255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30, 40, 50, 60, 70, 80, 90];
        RgbImage read = ImageCodec.Decode(ImageCodec.EncodePng(new RgbImage(3, 2, pixels)));

        (read.Width, read.Height).ShouldBe((3, 2));
        read.Pixels.ShouldBe(pixels);
    }

    [Fact]
    public void Red_is_written_as_red()
    {
        // Colour type 2 (RGB), read without our decoder: the one row is filter byte, red, green, blue.
        byte[] file = ImageCodec.EncodePng(new RgbImage(1, 1, [255, 1, 2]));
        int data = file.AsSpan().IndexOf("IDAT"u8);
        using var inflate = new System.IO.Compression.ZLibStream(new MemoryStream(file[(data + 4)..]), System.IO.Compression.CompressionMode.Decompress);
        var row = new byte[4];
        inflate.ReadExactly(row);

        file[25].ShouldBe((byte)2);
        row[1..].ShouldBe([255, 1, 2]);
    }

    [Fact]
    public void The_same_pixels_give_the_same_file() => ImageCodec.EncodePng(Noise(7)).ShouldBe(ImageCodec.EncodePng(Noise(7)));

    [Fact]
    public void Many_threads_share_the_codec()
    {
        Parallel.For(0, 200, i => ImageCodec.Decode(ImageCodec.EncodePng(Noise(i))).Pixels.ShouldBe(Noise(i).Pixels));
    }

    [Fact]
    public void Jpeg_images_are_read_in_colour_to_a_few_levels()
    {
        foreach (byte[] file in (byte[][])[SampleFiles.JpegBaseline, SampleFiles.JpegProgressive])
        {
            RgbImage image = ImageCodec.Decode(file);

            (image.Width, image.Height).ShouldBe((16, 8));
            ShouldBeNear(image.Row(3)[..3], 200, 40, 30);
            ShouldBeNear(image.Row(3)[^3..], 20, 60, 210);
        }
    }

    [Fact]
    public void Grey_images_become_three_equal_channels()
    {
        RgbImage jpeg = ImageCodec.Decode(SampleFiles.JpegGrey);
        ShouldBeNear(jpeg.Row(0)[..3], 200, 200, 200);
        ShouldBeNear(jpeg.Row(7)[^3..], 20, 20, 20);
        ImageCodec.Decode(SampleFiles.PngGrey).Pixels.ShouldBe([5, 5, 5, 200, 200, 200]);
    }

    [Fact]
    public void Png_variants_keep_the_colours_that_the_file_states()
    {
        ImageCodec.Decode(SampleFiles.PngAlpha).Pixels.ShouldBe([10, 20, 30, 40, 50, 60]);
        ImageCodec.Decode(SampleFiles.PngPalette).Pixels.ShouldBe([4, 5, 6, 1, 2, 3]);
        ImageCodec.Decode(SampleFiles.PngInterlaced).Width.ShouldBe(1);
    }

    /// <summary>Against Pillow on libjpeg-turbo, libwebp and zlib (tools/golden/images.py), every pixel to one level.</summary>
    [Fact]
    public void Every_kind_of_file_is_decoded_as_pillow_does()
    {
        using JsonDocument golden = SampleFiles.Golden();
        int tolerance = golden.RootElement.GetProperty("tolerance").GetInt32();
        foreach (JsonElement row in golden.RootElement.GetProperty("results").EnumerateArray())
        {
            string name = row.GetProperty("name").GetString()!;
            RgbImage image = ImageCodec.Decode(row.GetProperty("file").GetBytesFromBase64(), name);
            byte[] expected = row.GetProperty("pixels").GetBytesFromBase64();

            image.Pixels.Length.ShouldBe(expected.Length, name);
            image.Pixels.Zip(expected).Max(pair => Math.Abs(pair.First - pair.Second)).ShouldBeLessThanOrEqualTo(tolerance, name);
        }
    }

    [Fact]
    public void Sizes_beyond_the_limit_are_refused_before_decoding()
    {
        Refusal(SampleFiles.PngHuge).ShouldBe("x.png has 20000 x 20000 = 400000000 pixels; at most 100000000 are allowed.");
        Should.Throw<InvalidDataException>(() => ImageCodec.Decode(SampleFiles.JpegBaseline, "x.jpg", maxPixels: 127)).Message.ShouldContain("16 x 8");
        ImageCodec.Decode(SampleFiles.JpegBaseline, "x.jpg", maxPixels: 128).Width.ShouldBe(16);
    }

    [Fact]
    public void Content_that_does_not_match_its_checksum_is_refused()
    {
        byte[] file = ImageCodec.EncodePng(Noise(1));
        file[file.AsSpan().IndexOf("IDAT"u8) + 20] ^= 1;

        Refusal(file).ShouldStartWith("x.png is a damaged PNG image and cannot be decoded");
    }

    [Fact]
    public void Fewer_pixels_than_announced_are_refused()
    {
        byte[] small = ImageCodec.EncodePng(new RgbImage(4, 4, new byte[48]));
        byte[] large = ImageCodec.EncodePng(new RgbImage(4, 400, new byte[4800]));
        // The header of the large image before the pixels of the small one.
        byte[] mixed = [.. large[..33], .. small[33..]];

        Refusal(mixed).ShouldContain("truncated PNG");
    }

    [Theory]
    [InlineData("", "x is empty (0 bytes).")]
    [InlineData("II*\0", "x is a TIFF image; only PNG, JPEG, WebP, BMP and GIF images are read. Convert it to PNG.")]
    [InlineData("1234ftypavif", "AVIF")]
    [InlineData("1234ftypheic", "HEIF")]
    [InlineData("\0\0\u0001\0", "an icon")]
    [InlineData("<html>", "no image of a known format")]
    [InlineData("GIF89a", "truncated GIF")]
    [InlineData("BM", "truncated BMP")]
    public void Other_files_are_refused_by_name(string start, string words) =>
        Refusal([.. start.Select(c => (byte)c)], "x").ShouldContain(words);

    [Fact]
    public void Files_of_which_programs_make_different_pixels_are_refused()
    {
        Refusal(SampleFiles.PngGrey16).ShouldBe("x.png is a PNG image of 16 bits per sample; programs reduce it to 8 bits in different ways, so scores would not compare. Convert it to 8 bits.");
        Refusal(SampleFiles.GifTransparent).ShouldContain("transparent pixels");

        // An EXIF segment with nothing but the orientation, behind the start of the file.
        byte[] exif = [0xFF, 0xE1, 0, 34, .. "Exif\0\0MM\0*"u8, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0];
        byte[] turned = [.. SampleFiles.JpegBaseline[..2], .. exif, .. SampleFiles.JpegBaseline[2..]];
        Refusal(turned).ShouldContain("EXIF orientation 6 (RightTop)");
        turned[2 + exif.Length - 7] = 1;
        ImageCodec.Decode(turned).Pixels.ShouldBe(ImageCodec.Decode(SampleFiles.JpegBaseline).Pixels);
    }

    [Fact]
    public void Cut_files_are_refused_or_lack_nothing_but_what_follows_the_first_image()
    {
        foreach ((string name, byte[] file) in SampleFiles.OfEveryKind())
        {
            byte[] whole = ImageCodec.Decode(file).Pixels;
            bool checkedToTheEnd = name.StartsWith("png", StringComparison.Ordinal) || name.StartsWith("jpeg", StringComparison.Ordinal);
            for (int length = 0; length < file.Length; length++)
            {
                try
                {
                    RgbImage image = ImageCodec.Decode(file[..length], "x");
                    checkedToTheEnd.ShouldBeFalse($"{name} cut to {length} of {file.Length}");
                    image.Pixels.ShouldBe(whole, $"{name} cut to {length} of {file.Length}");
                }
                catch (InvalidDataException error)
                {
                    error.Message.ShouldStartWith("x ");
                }
            }
        }
    }

    [Fact]
    public void A_flipped_bit_in_the_pixels_of_a_png_is_refused()
    {
        byte[] file = ImageCodec.EncodePng(Noise(3));
        int data = file.AsSpan().IndexOf("IDAT"u8) + 4;
        int end = file.AsSpan().IndexOf("IEND"u8) - 4;
        for (int bit = 8 * data; bit < 8 * end; bit++)
        {
            byte[] flipped = [.. file];
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            Refusal(flipped).ShouldContain("damaged PNG image");
        }
    }

    [Fact]
    public void Damaged_files_are_decoded_or_refused_but_never_end_the_process()
    {
        byte[][] seeds = [.. SampleFiles.OfEveryKind().Select(pair => pair.File)];
        var random = new Random(20261121);
        for (int i = 0; i < 3000; i++)
        {
            byte[] file = [.. seeds[i % seeds.Length]];
            for (int change = 0; change <= i % 4; change++)
            {
                file[random.Next(2, file.Length)] = (byte)(random.Next(3) == 0 ? 255 : random.Next(256));
            }

            try
            {
                ImageCodec.Decode(file, "x", maxPixels: 1_000_000);
            }
            catch (InvalidDataException error)
            {
                error.Message.ShouldStartWith("x ");
            }
        }
    }

    private static RgbImage Noise(int seed)
    {
        var pixels = new byte[3 * 9 * 5];
        new Random(seed).NextBytes(pixels);
        return new RgbImage(9, 5, pixels);
    }

    private static string Refusal(byte[] file, string name = "x.png") => Should.Throw<InvalidDataException>(() => ImageCodec.Decode(file, name)).Message;

    private static void ShouldBeNear(ReadOnlySpan<byte> pixel, int red, int green, int blue)
    {
        ((int)pixel[0]).ShouldBeInRange(red - 4, red + 4);
        ((int)pixel[1]).ShouldBeInRange(green - 4, green + 4);
        ((int)pixel[2]).ShouldBeInRange(blue - 4, blue + 4);
    }
}
