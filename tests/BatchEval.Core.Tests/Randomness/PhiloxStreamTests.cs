using BatchEval.Core.Randomness;

namespace BatchEval.Core.Tests.Randomness;

/// <summary>What a stream makes of the words, against tools/golden/noise.py (Python's integers and doubles).</summary>
public sealed class PhiloxStreamTests
{
    private const ulong Key = 0x0123456789ABCDEF;

    [Fact]
    public void Words_doubles_and_normal_numbers()
    {
        var stream = Stream();
        uint[] words = [0x15d4e40a, 0x722cb3f1, 0xd01f8def, 0x0d08e2c9, 0x6c0ef433, 0x19f18bf0, 0x506b47e3, 0xee80df5f, 0x9343cfae];
        foreach (var word in words) stream.NextUInt32().ShouldBe(word);
        stream = Stream();
        foreach (var number in new[] { 0.08527970646317751, 0.812981479249275, 0.42210317478583714 }) stream.NextDouble().ShouldBe(number);
        stream = Stream();
        foreach (var z in new[] { 0.16275784281033218, -0.38959438616314923, -0.41069299026846545, 0.9633541022959202 }) stream.NextGaussian().ShouldBe(z, 1e-14);

        static PhiloxStream Stream() => new(Key, 0x1122334455667788);
    }

    [Fact]
    public void Integers_and_shuffles_without_modulo_bias()
    {
        var stream = new PhiloxStream(Key, 5);
        int[] expected = [1503721096, 758754220, 3, 880137085, 1310344041, 2, 1723692461, 1017571689, 2, 89502759, 34260578, 5];
        foreach (var (value, i) in expected.Select((v, i) => (v, i))) stream.NextInt(i % 3 == 0 ? int.MaxValue : i % 3 == 1 ? 1610612736 : 7).ShouldBe(value);
        stream = new PhiloxStream(Key, 7);
        var last = 0;
        for (var i = 0; i < 200; i++) last = stream.NextInt(1610612736);
        last.ShouldBe(938921994, "a quarter of all words is drawn again for this bound: 277 words");
        Shuffled(4).ShouldBe([0, 4, 5, 9, 1, 2, 6, 7, 8, 3]);
        Shuffled(10).ShouldBe([0, 4, 5, 9, 7, 1, 6, 2, 8, 3]);
        Should.Throw<ArgumentOutOfRangeException>(() => Shuffled(11));
        Should.Throw<ArgumentOutOfRangeException>(() => stream.NextInt(0));

        static int[] Shuffled(int count)
        {
            int[] items = [.. Enumerable.Range(0, 10)];
            new PhiloxStream(Key, 6).PartialShuffle<int>(items, count);
            return items;
        }
    }

    [Fact]
    public void Stream_keys_are_hashes_of_all_that_they_are_for()
    {
        StreamKey.For("search").ShouldBe(0x142dcda7b2f01f59UL);
        StreamKey.For("rung", 3, -1, 1L << 40).ShouldBe(0xb4e5091bba7aff11UL);
    }
}
