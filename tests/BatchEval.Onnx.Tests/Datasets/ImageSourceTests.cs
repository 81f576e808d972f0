using System.IO.Compression;
using BatchEval.Onnx.Datasets;
using BatchEval.Onnx.Images;
using BatchEval.Onnx.Numpy;

namespace BatchEval.Onnx.Tests.Datasets;

public sealed class ImageSourceTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("images");

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public void A_folder_is_read_in_the_order_of_names_and_from_any_image_on()
    {
        for (byte i = 0; i < 70; i++) Png($"{i % 2}/{i:D3}.png", Plain(i));
        Write(".hidden.png", [1]);
        Write("notes.txt", [1]);

        var source = ImageSources.Open(folder.FullName);

        source.Count.ShouldBe(70);
        byte[] expected = [.. Enumerable.Range(0, 70).OrderBy(i => i % 2).ThenBy(i => i).Select(i => (byte)i)];
        source.Read().Select(image => image.Pixels[0]).ShouldBe(expected);
        source.Read(41).Select(image => image.Pixels[0]).ShouldBe(expected[41..]);
    }

    [Fact]
    public void Arrays_of_every_layout_give_the_same_images()
    {
        byte[] last = [.. Enumerable.Range(0, 2 * 4 * 5 * 3).Select(i => (byte)(i * 7))];
        var first = new byte[last.Length];
        for (var i = 0; i < last.Length; i++) first[((i / 60) * 60) + ((i % 3) * 20) + (i % 60 / 3)] = last[i];
        NpyFormat.WriteFile(In("last.npy"), NpyArray.From(last, 2, 4, 5, 3));
        NpyFormat.WriteFile(In("first.npy"), NpyArray.From(first, 2, 3, 4, 5));
        Archive("batch.npz", [("arr_0", NpyArray.From(last, 2, 4, 5, 3)), ("arr_1", NpyArray.From([1L, 2L], 2))], compress: true);
        foreach (var file in new[] { "last.npy", "first.npy", "batch.npz" })
        {
            var images = ImageSources.Open(In(file)).Read().ToArray();
            images.SelectMany(image => image.Pixels).ShouldBe(last, file);
            (images[0].Width, images[0].Height).ShouldBe((5, 4));
        }

        ImageSources.Open(In("batch.npz")).Read(1).Single().Pixels.ShouldBe(last[60..]);
        NpyFormat.WriteFile(In("grey.npy"), NpyArray.From(new byte[] { 1, 2, 3, 4 }, 2, 1, 2));
        ImageSources.Open(In("grey.npy")).Read().SelectMany(i => i.Pixels).ShouldBe([1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Idx_files_are_read_plain_and_compressed(bool compressed)
    {
        byte[] content = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 10, 20, 30, 40];
        WriteIdx("train-images-idx3-ubyte", content, compressed);
        var source = ImageSources.Open(In("train-images-idx3-ubyte"));
        source.Count.ShouldBe(2);
        source.Read(1).Single().Pixels.ShouldBe([30, 30, 30, 40, 40, 40]);

        WriteIdx("short", content[..^1], compressed);
        Refused("truncated", () => ImageSources.Open(In("short")).Read().Count());
        WriteIdx("long", [.. content, 0], compressed);
        Refused("damaged", () => ImageSources.Open(In("long")).Read().Count());
        WriteIdx("labels", [0, 0, 8, 1, 0, 0, 0, 2, 1, 2], compressed);
        Refused("labels", () => ImageSources.Open(In("labels")).Read().Count());
    }

    [Fact]
    public void Cifar_batches_are_read_from_a_folder_without_the_test_batch()
    {
        Directory.CreateDirectory(In("cifar"));
        File.WriteAllBytes(In("cifar/data_batch_1.bin"), [.. Record(3, 1), .. Record(9, 2)]);
        File.WriteAllBytes(In("cifar/data_batch_2.bin"), Record(0, 3));
        File.WriteAllBytes(In("cifar/test_batch.bin"), [.. Record(0, 4), .. Record(0, 5)]);

        var source = ImageSources.Open(In("cifar"));

        source.Count.ShouldBe(3);
        source.Read().Select(image => (image.Pixels[0], image.Pixels[1], image.Pixels[2])).ShouldBe([(1, 2, 3), (2, 3, 4), (3, 4, 5)]);
        ImageSources.Open(In("cifar/test_batch.bin")).Read(1).Single().Pixels[0].ShouldBe((byte)5);
        File.WriteAllBytes(In("label.bin"), [.. Record(10, 1), .. Record(0, 1)]);
        Refused("label before image 0 is 10", () => ImageSources.Open(In("label.bin")).Read().Count());
        File.WriteAllBytes(In("cut.bin"), Record(0, 1)[..^1]);
        Refused("truncated", () => ImageSources.Open(In("cut.bin")));
    }

    [Fact]
    public void Bad_image_files_are_refused_by_name()
    {
        Png("0.png", Plain(1));
        Png("1.png", Plain(2));
        var cases = new (string File, byte[] Content, string Word)[]
        {
            ("empty.png", [], "0 bytes"), ("cut.png", ImageCodec.EncodePng(Plain(3))[..^20], "truncated"), ("clear.gif", Images.SampleFiles.GifTransparent, "transparent"),
            ("deep.png", Images.SampleFiles.PngGrey16, "16 bits"), ("bomb.png", Images.SampleFiles.PngHuge, "20000 x 20000"), ("text.jpeg", "hello"u8.ToArray(), "no image"),
        };
        foreach (var (file, content, word) in cases)
        {
            Write(file, content);
            var error = Should.Throw<InvalidDataException>(() => ImageSources.Open(folder.FullName).Read().Count());
            error.Message.ShouldContain(file);
            error.Message.ShouldContain(word);
            File.Delete(In(file));
        }

        Write("other.tif", [1]);
        Refused("other.tif", () => ImageSources.Open(folder.FullName));
    }

    /// <summary>A link upwards was followed 16 deep, and deeper folders were left out: the number of images changed silently.</summary>
    [Fact]
    public void A_folder_gives_each_of_its_images_once_or_is_refused()
    {
        string deep = string.Join('/', Enumerable.Range(0, 40).Select(i => $"d{i}"));
        Png("a/0.png", Plain(1));
        Png($"{deep}/1.png", Plain(2));
        Png("elsewhere/2.png", Plain(3));
        Directory.CreateSymbolicLink(In("a/linked"), In("elsewhere"));
        ImageSources.Open(In("a")).Count.ShouldBe(2);
        Refused("at least 2", () => ImageSources.Open(In("d0")));

        Directory.CreateSymbolicLink(In("a/up"), In("a"));
        Refused("the same folder as", () => ImageSources.Open(In("a")));
        Refused("the same folder as", () => ImageSources.Open(folder.FullName));
        Directory.Delete(In("a/up"));
        Directory.CreateSymbolicLink(In("a/up"), In("missing"));
        Refused("does not exist", () => ImageSources.Open(In("a")));
        File.Delete(In("a/up"));
        File.CreateSymbolicLink(In("a/3.png"), In("gone.png"));
        Refused("gone.png', which does not exist", () => ImageSources.Open(In("a")));
        File.Delete(In("a/3.png"));
        File.CreateSymbolicLink(In("a/3.png"), In("elsewhere/2.png"));
        ImageSources.Open(In("a")).Count.ShouldBe(3);
    }

    /// <summary>The identity of a link was that of the link itself: 16 bytes, and the time at which it was made.</summary>
    [Fact]
    public void A_changed_target_of_a_link_is_noticed()
    {
        Png("real/0.png", Plain(1));
        Png("real/1.png", Plain(2));
        Directory.CreateDirectory(In("links"));
        foreach (string name in (string[])["0.png", "1.png"]) File.CreateSymbolicLink(In($"links/{name}"), In($"real/{name}"));
        string before = ImageSources.Open(In("links")).Identity;
        Png("real/1.png", new RgbImage(3, 3, new byte[27]));
        ImageSources.Open(In("links")).Identity.ShouldNotBe(before);

        File.WriteAllBytes(In("batch.bin"), [.. Record(3, 1), .. Record(9, 2)]);
        File.CreateSymbolicLink(In("linked.bin"), In("batch.bin"));
        ImageSources.Open(In("linked.bin")).Count.ShouldBe(2);
    }

    [Fact]
    public void Sources_that_are_none_are_refused_with_what_would_be_one()
    {
        Refused("does not exist", () => ImageSources.Open(In("missing")));
        Refused("holds 0 images", () => ImageSources.Open(folder.FullName));
        Png("one/0.png", Plain(1));
        Refused("at least 2", () => ImageSources.Open(In("one")));
        Refused("give the folder", () => ImageSources.Open(In("one/0.png")));
        Write("data_batch_1", [0x80, 2, 0x7D]);
        Refused("pickle", () => ImageSources.Open(In("data_batch_1")));
        Write("stats.pkl", [0x80, 4, 0x7D]);
        Refused("np.savez", () => ImageSources.Open(In("stats.pkl")));
        NpyFormat.WriteFile(In("float.npy"), NpyArray.From(new float[12], 2, 2, 3));
        Refused("uint8", () => ImageSources.Open(In("float.npy")));
        NpyFormat.WriteFile(In("four.npy"), NpyArray.From(new byte[2 * 5 * 5 * 4], 2, 5, 5, 4));
        Refused("C = 3 or 1", () => ImageSources.Open(In("four.npy")));
        Archive("stats.npz", [("mu", NpyArray.From(new double[2], 2)), ("sigma", NpyArray.From(new double[4], 2, 2))]);
        Refused("statistics", () => ImageSources.Open(In("stats.npz")));
        Write("zero", []);
        Refused("0 bytes", () => ImageSources.Open(In("zero")));
        Write("text", "some text"u8.ToArray());
        Refused("no known format", () => ImageSources.Open(In("text")));
    }

    [Fact]
    public void The_digest_of_a_set_depends_on_pixels_and_sizes_but_not_on_the_order()
    {
        static string Of(params RgbImage[] images)
        {
            var digest = new ImageSetDigest();
            foreach (var image in images) digest = Continue(digest, image);
            return digest.ToString();
        }

        static ImageSetDigest Continue(ImageSetDigest digest, RgbImage image)
        {
            var next = new ImageSetDigest(digest.State);
            next.Add(image);
            return next;
        }

        Of(Plain(1), Plain(2)).ShouldBe(Of(Plain(2), Plain(1)));
        Of(Plain(1), Plain(2)).ShouldNotBe(Of(Plain(1), Plain(3)));
        Of(Plain(1)).ShouldNotBe(Of(Plain(1), Plain(1)));
        Of(new RgbImage(2, 1, new byte[6])).ShouldNotBe(Of(new RgbImage(1, 2, new byte[6])));
    }

    private static RgbImage Plain(byte level) => new(2, 2, [.. Enumerable.Repeat(level, 12)]);

    private static byte[] Record(byte label, byte level) =>
        [label, .. Enumerable.Repeat(level, 1024), .. Enumerable.Repeat((byte)(level + 1), 1024), .. Enumerable.Repeat((byte)(level + 2), 1024)];

    private static void Refused(string word, Action action) => Should.Throw<InvalidDataException>(action).Message.ShouldContain(word);

    private static void Refused(string word, Func<object> action) => Refused(word, () => { _ = action(); });

    private void Archive(string name, (string, NpyArray)[] arrays, bool compress = false)
    {
        using var stream = File.Create(In(name));
        NpzWriter.Write(stream, arrays, compress);
    }

    private string In(string name) => Path.Combine(folder.FullName, name);

    private void Png(string name, RgbImage image) => Write(name, ImageCodec.EncodePng(image));

    private void Write(string name, byte[] content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(In(name))!);
        File.WriteAllBytes(In(name), content);
    }

    private void WriteIdx(string name, byte[] content, bool compressed)
    {
        using Stream stream = compressed ? new GZipStream(File.Create(In(name)), CompressionLevel.Fastest) : File.Create(In(name));
        stream.Write(content);
    }
}
