using System.Buffers.Binary;
using System.Text;
using BatchEval.Onnx.Numpy;

namespace BatchEval.Onnx.Tests.Numpy;

public class NpyFormatTests
{
    internal static readonly string[] Codes = ["b1", "u1", "i1", "i4", "i8", "f2", "f4", "f8"];

    public static TheoryData<string> Kinds => [.. Codes];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_kind_comes_back_with_its_values_and_shape(string code)
    {
        NpyArray array = Sample(code);
        NpyArray read = RoundTrip(array);

        read.Kind.ShouldBe(array.Kind);
        read.Shape.ShouldBe([2, 3]);
        read.Bytes.ToArray().ShouldBe(array.Bytes.ToArray());
    }

    [Theory]
    [InlineData(new int[0], 1)]
    [InlineData(new[] { 1 }, 1)]
    [InlineData(new[] { 0 }, 0)]
    [InlineData(new[] { 4, 0, 2 }, 0)]
    [InlineData(new[] { 2, 1, 3, 2 }, 12)]
    public void Shapes_of_any_rank_come_back(int[] shape, int count)
    {
        float[] values = [.. Enumerable.Range(0, count).Select(i => i * 0.5f)];
        NpyArray read = RoundTrip(NpyArray.From(values, shape));

        read.Shape.ShouldBe(shape);
        read.ToFloat32().ShouldBe(values);
    }

    // NumPy's format specification: magic, version, header length, a Python dictionary padded with spaces and a
    // line feed so that the elements start at a multiple of 64.
    [Theory]
    [InlineData(new int[0], "()")]
    [InlineData(new[] { 5 }, "(5,)")]
    [InlineData(new[] { 50000, 2048 }, "(50000, 2048)")]
    public void Header_bytes_follow_the_published_format(int[] shape, string tuple)
    {
        byte[] bytes = NpyHeader.ToBytes(NpyKind.Float64, shape);

        (bytes.Length % 64).ShouldBe(0);
        bytes[..8].ShouldBe([0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', 1, 0]);
        BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(8)).ShouldBe((ushort)(bytes.Length - 10));
        bytes[^1].ShouldBe((byte)'\n');
        Encoding.ASCII.GetString(bytes[10..^1]).TrimEnd(' ')
            .ShouldBe($"{{'descr': '<f8', 'fortran_order': False, 'shape': {tuple}, }}");
    }

    [Fact]
    public void The_same_content_gives_the_same_bytes() => Bytes(Sample("f4")).ShouldBe(Bytes(Sample("f4")));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void All_three_versions_are_read(byte version) =>
        Read(File("{'descr': '<i4', 'fortran_order': False, 'shape': (2,), }", [1, 0, 0, 0, 2, 0, 0, 0], version))
            .ToInt64().ShouldBe([1, 2]);

    [Fact]
    public void Headers_of_other_writers_are_read() =>
        Read(File("{\"shape\":(2L,1L),\"fortran_order\":False,\"descr\":\"|u1\"}", [7, 9])).Shape.ShouldBe([2, 1]);

    [Fact]
    public void Big_endian_elements_are_turned_round() =>
        Read(File("{'descr': '>f8', 'fortran_order': False, 'shape': (1,), }", [0x3F, 0xF8, 0, 0, 0, 0, 0, 0]))
            .ToFloat64().ShouldBe([1.5]);

    [Fact]
    public void Fortran_order_becomes_row_major()
    {
        // a[i, j, k] = 12 i + 4 j + k, shape (2, 3, 4), first index fastest.
        byte[] stored = [.. from k in Enumerable.Range(0, 4) from j in Enumerable.Range(0, 3) from i in Enumerable.Range(0, 2) select (byte)((12 * i) + (4 * j) + k)];

        Read(File("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3, 4), }", stored))
            .Bytes.ToArray().ShouldBe([.. Enumerable.Range(0, 24).Select(i => (byte)i)]);
    }

    [Fact]
    public void Conversions_round_to_the_wanted_precision()
    {
        NpyArray.From([1.0 / 3, -2], 2).ToFloat32().ShouldBe([1f / 3, -2]);
        NpyArray.From([(Half)0.5f, (Half)(-3)], 2).ToFloat64().ShouldBe([0.5, -3]);
        NpyArray.From([true, false], 2).ToFloat32().ShouldBe([1f, 0]);
        NpyArray.From([long.MaxValue], 1).ToInt64().ShouldBe([long.MaxValue]);
        Should.Throw<InvalidOperationException>(() => NpyArray.From([0.5], 1).ToInt64()).Message.ShouldContain("Float64");
        Should.Throw<InvalidOperationException>(() => NpyArray.From([0.5], 1).AsSpan<float>().Length);
    }

    [Fact]
    public void A_shape_that_does_not_fit_is_refused()
    {
        Should.Throw<ArgumentException>(() => NpyArray.From(new float[5], 2, 3)).Message.ShouldContain("[2, 3]");
        Should.Throw<ArgumentException>(() => NpyFormat.Write(new MemoryStream(), new float[5], 2, 3));
        Should.Throw<ArgumentException>(() => NpyArray.From(new float[6], -2, -3));
        Should.Throw<NotSupportedException>(() => NpyArray.From(new char[1], 1));
    }

    [Fact]
    public void Several_arrays_in_one_stream_are_read_one_by_one()
    {
        using var stream = new MemoryStream();
        NpyFormat.Write(stream, [1f, 2], 2);
        NpyFormat.Write(stream, [3.0], 1);
        stream.Position = 0;

        NpyFormat.Read(stream).ToFloat32().ShouldBe([1f, 2]);
        NpyFormat.Read(stream).ToFloat64().ShouldBe([3.0]);
    }

    [Fact]
    public void Whole_files_in_memory_come_back()
    {
        byte[] bytes = NpyFormat.ToBytes<byte>([1, 2, 3, 4], 2, 2);

        NpyFormat.FromBytes(bytes).ToBytes().ShouldBe([1, 2, 3, 4]);
        Should.Throw<InvalidDataException>(() => NpyFormat.FromBytes([.. bytes, 0], "x")).Message.ShouldStartWith("x holds more");
        Should.Throw<InvalidOperationException>(() => NpyArray.From([1f], 1).ToBytes());
    }

    [Theory]
    [InlineData("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", "np.savez")]
    [InlineData("{'descr': '<U5', 'fortran_order': False, 'shape': (1,), }", "'<U5'")]
    [InlineData("{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }", "astype")]
    [InlineData("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "structured")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", "whole numbers")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999,), }", "whole numbers")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (2000000000, 2000000000, 9), }", "more elements")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (2000000000, 100), }", "at most")]
    [InlineData("{'descr': '<f4', 'fortran_order': Maybe, 'shape': (1,), }", "True or False")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, }", "'shape'")]
    [InlineData("{'descr': '<f4', 'descr': '<f4', }", "twice")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}", "'x'")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), } or __import__('os')", "goes on")]
    [InlineData("{'descr': '<f4", "never closed")]
    [InlineData("", "ends too early")]
    public void Headers_that_lie_or_ask_for_too_much_are_refused_by_name(string header, string words)
    {
        string message = Should.Throw<InvalidDataException>(() => Read(File(header, [0, 0, 128, 63]))).Message;

        message.ShouldContain(words);
        message.ShouldStartWith("x.npy");
    }

    [Fact]
    public void Every_truncation_is_noticed()
    {
        byte[] whole = Bytes(Sample("i4"));
        for (int length = 0; length < whole.Length; length++)
        {
            byte[] part = whole[..length];
            Should.Throw<InvalidDataException>(() => Read(part)).Message.ShouldContain("x.npy");
            Should.Throw<InvalidDataException>(() => NpyFormat.Read(new OneWayStream(part), "x.npy"));
        }
    }

    [Fact]
    public void A_lying_shape_costs_no_memory()
    {
        byte[] file = File("{'descr': '<f8', 'fortran_order': False, 'shape': (200000000,), }", new byte[64]);
        long before = GC.GetAllocatedBytesForCurrentThread();

        Should.Throw<InvalidDataException>(() => NpyFormat.Read(new OneWayStream(file), "x.npy")).Message.ShouldContain("only 64");
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(50_000_000);
    }

    [Theory]
    [InlineData(0, "is not a NumPy array")]
    [InlineData(6, "version 9")]
    public void A_wrong_beginning_is_refused(int position, string words)
    {
        byte[] bytes = Bytes(Sample("f4"));
        bytes[position] = 9;

        Should.Throw<InvalidDataException>(() => Read(bytes)).Message.ShouldContain(words);
    }

    [Fact]
    public void A_file_with_more_than_its_array_is_refused()
    {
        string path = Path.GetTempFileName();
        try
        {
            NpyFormat.WriteFile(path, Sample("f4"));
            NpyFormat.ReadFile(path).Shape.ShouldBe([2, 3]);
            System.IO.File.AppendAllText(path, "x");
            Should.Throw<InvalidDataException>(() => NpyFormat.ReadFile(path)).Message.ShouldContain(path);
        }
        finally
        {
            System.IO.File.Delete(path);
        }
    }

    internal static NpyArray Sample(string code) => code switch
    {
        "b1" => NpyArray.From([true, false, true, true, false, false], 2, 3),
        "u1" => NpyArray.From<byte>([0, 1, 2, 200, 254, 255], 2, 3),
        "i1" => NpyArray.From<sbyte>([-128, -1, 0, 1, 2, 127], 2, 3),
        "i4" => NpyArray.From([int.MinValue, -1, 0, 1, 2, int.MaxValue], 2, 3),
        "i8" => NpyArray.From([long.MinValue, -1, 0, 1, 2, long.MaxValue], 2, 3),
        "f2" => NpyArray.From([Half.NaN, Half.NegativeInfinity, (Half)0.1f, Half.Zero, Half.Epsilon, Half.MaxValue], 2, 3),
        "f4" => NpyArray.From([float.NaN, float.NegativeInfinity, 0.1f, -0f, float.Epsilon, float.MaxValue], 2, 3),
        "f8" => NpyArray.From([double.NaN, double.NegativeInfinity, 0.1, -0.0, double.Epsilon, double.MaxValue], 2, 3),
        _ => throw new ArgumentException(code),
    };

    internal static byte[] Bytes(NpyArray array)
    {
        using var stream = new MemoryStream();
        NpyFormat.Write(stream, array);
        return stream.ToArray();
    }

    // A .npy file around any header text, padded carelessly, as other writers may do.
    internal static byte[] File(string header, byte[] elements, byte version = 1)
    {
        byte[] text = Encoding.UTF8.GetBytes(header + "\n");
        byte[] size = BitConverter.GetBytes(text.Length)[..(version == 1 ? 2 : 4)];
        return [0x93, .. "NUMPY"u8, version, 0, .. size, .. text, .. elements];
    }

    private static NpyArray RoundTrip(NpyArray array) => Read(Bytes(array));

    private static NpyArray Read(byte[] bytes) => NpyFormat.Read(new MemoryStream(bytes), "x.npy");
}
