using System.IO.Compression;
using BatchEval.Onnx.Numpy;
using BatchEval.Tests.Shared;

namespace BatchEval.Onnx.Tests.Numpy;

public class NpzFileTests
{
    private static readonly (string, NpyArray)[] Arrays =
    [
        ("features", NpyArray.From([.. Enumerable.Range(0, 600).Select(i => i * 0.25f)], 100, 6)),
        ("labels", NpyArray.From([3L, 1, 4], 3)),
    ];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Arrays_come_back_by_name(bool compress)
    {
        using NpzFile file = NpzFile.Open(new MemoryStream(Bytes(compress)), "x.npz");

        file.Names.ShouldBe(["features", "labels"]);
        file.Read("features").ToFloat32().ShouldBe(Arrays[0].Item2.ToFloat32());
        file.Read("labels").ToInt64().ShouldBe([3, 1, 4]);
        file.Contains("mu").ShouldBeFalse();
    }

    [Fact]
    public void Compression_makes_smaller_files() => Bytes(true).Length.ShouldBeLessThan(Bytes(false).Length);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_same_content_gives_the_same_bytes_at_any_time(bool compress)
    {
        byte[] first = Bytes(compress);

        Bytes(compress).ShouldBe(first);
        using var archive = new ZipArchive(new MemoryStream(first));
        archive.Entries.ShouldAllBe(entry => entry.LastWriteTime.Year == 1980);
    }

    [Fact]
    public void A_missing_name_lists_those_there_are()
    {
        using NpzFile file = NpzFile.Open(new MemoryStream(Bytes(false)), "x.npz");

        Should.Throw<InvalidDataException>(() => file.Read("mu")).Message
            .ShouldBe("x.npz holds no array 'mu'; it holds: features, labels.");
    }

    [Fact]
    public void Rows_are_read_in_blocks()
    {
        using NpzFile file = NpzFile.Open(new MemoryStream(Bytes(true)), "x.npz");
        using NpyRowReader rows = file.OpenRows("features");
        var blocks = new List<NpyArray>();
        while (rows.ReadRows(48) is { } block)
        {
            blocks.Add(block);
        }

        blocks.Select(block => block.Shape[0]).ShouldBe([48, 48, 4]);
        blocks.SelectMany(block => block.ToFloat32()).ShouldBe(Arrays[0].Item2.ToFloat32());
    }

    [Theory]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (), }", "single number")]
    [InlineData("{'descr': '<f4', 'fortran_order': True, 'shape': (1, 1), }", "Fortran")]
    public void What_has_no_rows_is_refused(string header, string words)
    {
        byte[] bytes = NpyFormatTests.File(header, new byte[4]);

        Should.Throw<InvalidDataException>(() => new NpyRowReader(new MemoryStream(bytes), "x")).Message.ShouldContain(words);
    }

    [Fact]
    public void Rows_that_are_missing_or_too_many_are_noticed()
    {
        byte[] tooFew = NpyFormatTests.File("{'descr': '|u1', 'fortran_order': False, 'shape': (3, 2), }", new byte[5]);
        byte[] tooMany = NpyFormatTests.File("{'descr': '|u1', 'fortran_order': False, 'shape': (3, 2), }", new byte[7]);

        foreach (byte[] bytes in (byte[][])[tooFew, tooMany])
        {
            using var rows = new NpyRowReader(new OneWayStream(bytes), "x");
            rows.ReadRows(2).ShouldNotBeNull();
            Should.Throw<InvalidDataException>(() => rows.ReadRows(2)).Message.ShouldStartWith("x");
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_flipped_bit_never_passes_as_data(bool compress)
    {
        byte[] whole = Bytes(compress);
        float[] expected = Arrays[0].Item2.ToFloat32();
        for (int position = 0; position < whole.Length; position += 3)
        {
            byte[] damaged = [.. whole];
            damaged[position] ^= 0x10;
            try
            {
                using NpzFile file = NpzFile.Open(new MemoryStream(damaged), "x.npz");
                // Damage elsewhere (times, the other array) may leave this array whole.
                file.Read("features").ToFloat32().ShouldBe(expected);
            }
            catch (InvalidDataException error)
            {
                error.Message.ShouldStartWith("x.npz");
            }
        }
    }

    [Fact]
    public void Truncated_archives_and_other_files_are_refused()
    {
        byte[] whole = Bytes(false);
        foreach (byte[] bytes in (byte[][])[[], [1, 2, 3], whole[..^1], whole[..100], "not a zip archive at all"u8.ToArray()])
        {
            Should.Throw<InvalidDataException>(() => NpzFile.Open(new MemoryStream(bytes), "x.npz")).Message.ShouldStartWith("x.npz");
        }
    }

    [Fact]
    public void Names_must_be_there_once()
    {
        Should.Throw<ArgumentException>(() => NpzWriter.Write(Stream.Null, [("a", Arrays[0].Item2), ("a", Arrays[0].Item2)]));
        Should.Throw<ArgumentException>(() => NpzWriter.Write(Stream.Null, [(" ", Arrays[0].Item2)]));
    }

    [Fact]
    public void Weights_written_by_numpy_are_read()
    {
        using NpzFile file = NpzFile.Open(Path.Combine(RepoPaths.Samples, "digits", "ref_stats.npz"));

        file.Read("mu").Shape.ShouldBe([64]);
        file.Read("sigma").Kind.ShouldBe(NpyKind.Float64);
    }

    private static byte[] Bytes(bool compress)
    {
        using var stream = new MemoryStream();
        NpzWriter.Write(stream, Arrays, compress);
        return stream.ToArray();
    }
}
