using BatchEval.Onnx.Images;

namespace BatchEval.Onnx.Tests.Images;

public class ImageInfoTests
{
    private const int Sof = 0xC0;
    private const int Dht = 0xC4;
    private const int Sos = 0xDA;
    private const int Dqt = 0xDB;

    [Fact]
    public void Format_and_size_are_read_from_the_header()
    {
        ImageInfo.Read(SampleFiles.PngHuge, "x").ShouldBe(new ImageInfo(ImageFormat.Png, 20000, 20000));
        ImageInfo.Read(SampleFiles.JpegBaseline, "x").ShouldBe(new ImageInfo(ImageFormat.Jpeg, 16, 8));
        ImageInfo.Read(SampleFiles.JpegProgressive, "x").ShouldBe(new ImageInfo(ImageFormat.Jpeg, 16, 8));
    }

    [Fact]
    public void Every_truncation_is_noticed()
    {
        foreach (byte[] file in (byte[][])[SampleFiles.PngPalette, SampleFiles.JpegBaseline, SampleFiles.JpegProgressive])
        {
            for (int length = 1; length < file.Length; length++)
            {
                Refusal(file[..length]).ShouldContain(length == 1 && file[0] == 0xFF ? "no image" : "truncated");
            }
        }
    }

    [Theory]
    [InlineData("", "x is empty (0 bytes).")]
    [InlineData("GIF89a", "x is a GIF image; only PNG and JPEG images are read. Convert it to PNG.")]
    [InlineData("BM", "BMP")]
    [InlineData("II*\0", "TIFF")]
    [InlineData("RIFF1234WEBPVP8 ", "WebP")]
    [InlineData("1234ftypavif", "AVIF")]
    [InlineData("1234ftypheic", "HEIF")]
    [InlineData("<html>", "no image of a known format")]
    public void Other_files_are_refused_by_name(string start, string words) =>
        Refusal([.. start.Select(c => (byte)c)]).ShouldContain(words);

    [Fact]
    public void Variants_that_would_be_decoded_wrongly_are_refused()
    {
        Refusal(SampleFiles.PngInterlaced).ShouldContain("interlaced");
        Refusal(SampleFiles.JpegCmyk).ShouldContain("CMYK");
        Refusal(Jpeg(Sof, -1, 0xC9)).ShouldContain("arithmetically coded");
        Refusal(Jpeg(Sof, -1, 0xC3)).ShouldContain("lossless");
        Refusal(Jpeg(Sof, 2, 12)).ShouldContain("12 bits");
    }

    // Each of these makes the decoder's library end the process.
    [Theory]
    [InlineData(Sof, 4, 0, "16 x 0")]
    [InlineData(Sof, 7, 2, "malformed")]
    [InlineData(Sof, 9, 0x51, "component 1 is malformed")]
    [InlineData(Sof, 10, 7, "component 1 is malformed")]
    [InlineData(Sof, 11, 1, "same number")]
    [InlineData(Dqt, 2, 4, "quantisation table")]
    [InlineData(Dqt, 2, 0x20, "quantisation table")]
    [InlineData(Dqt, 2, 3, "not defined")]
    [InlineData(Dht, 2, 4, "Huffman table")]
    [InlineData(Dht, 2, 3, "not defined")]
    [InlineData(Dht, 3, 2, "more codes than fit")]
    [InlineData(Dht, 18, 200, "Huffman table")]
    [InlineData(Sos, 2, 5, "scan header")]
    [InlineData(Sos, 3, 9, "component 9")]
    [InlineData(Sos, 5, 1, "component 1")]
    [InlineData(Sos, 4, 0x30, "not defined")]
    [InlineData(Sos, 10, 40, "coefficients 0 to 40")]
    [InlineData(Sos, -1, 0x1C, "unknown marker 0x1C")]
    [InlineData(Sos, -1, 0xD8, "unknown marker 0xD8")]
    [InlineData(Sos, -1, 0xFE, "no scan")]
    [InlineData(Sof, -1, 0xFE, "before the frame")]
    [InlineData(Dht, -1, 0xDD, "restart interval")]
    [InlineData(Dht, 0, 0xF0, "truncated")]
    public void Structures_that_end_the_decoder_are_refused(int marker, int offset, int value, string words) =>
        Refusal(Jpeg(marker, offset, (byte)value)).ShouldContain(words);

    [Fact]
    public void Second_frames_and_scans_too_many_are_refused()
    {
        byte[] file = SampleFiles.JpegBaseline;
        int frame = Find(file, Sof);
        int scan = Find(file, Sos);
        byte[] header = file[frame..(frame + 19)];

        Refusal([.. file[..frame], .. header, .. file[frame..]]).ShouldContain("two frames");
        Refusal([.. file[..^2], .. file[scan..]]).ShouldContain("a scan follows");

        byte[] progressive = SampleFiles.JpegProgressive;
        byte[] first = progressive[Find(progressive, Sos)..^2];
        byte[] again = first[..14];
        Refusal([.. progressive[..^2], .. Enumerable.Repeat(again, 100).SelectMany(b => b), 0xFF, 0xD9]).ShouldContain("more than 100 scans");
    }

    [Fact]
    public void Blocks_beyond_one_unit_are_refused()
    {
        byte[] file = SampleFiles.JpegBaseline;
        foreach (int component in (int[])[9, 12, 15])
        {
            file[Find(file, Sof) + 2 + component] = 0x44;
        }

        Refusal(file).ShouldContain("48 blocks");
    }

    // The sample with one byte changed: at an offset behind the two marker bytes and counted from the length field,
    // -1 for the marker itself.
    private static byte[] Jpeg(int marker, int offset, byte value)
    {
        byte[] file = SampleFiles.JpegBaseline;
        file[Find(file, marker) + 2 + offset] = value;
        return file;
    }

    private static int Find(byte[] file, int marker)
    {
        ReadOnlySpan<byte> wanted = [0xFF, (byte)(marker == Sof && file.AsSpan().IndexOf([(byte)0xFF, (byte)Sof]) < 0 ? 0xC2 : marker)];
        return file.AsSpan().IndexOf(wanted);
    }

    private static string Refusal(byte[] file) => Should.Throw<InvalidDataException>(() => ImageInfo.Read(file, "x")).Message;
}
