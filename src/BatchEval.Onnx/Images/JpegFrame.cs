using System.Buffers.Binary;

namespace BatchEval.Onnx.Images;

/// <summary>The frame of a JPEG file and the rules its scans must keep (T.81, B.2.2, B.2.3 and G.1.1.1).</summary>
internal sealed class JpegFrame
{
    private const int LargestSide = 65500;
    private const int MostBlocksPerUnit = 10;
    private const int LastCoefficient = 63;

    private readonly string source;
    private readonly byte process;
    private readonly Component[] components;

    // A sequential file with all components in its first scan is decoded row by row as it comes, and has no other.
    private bool complete;

    private JpegFrame(string source, byte process, int width, int height, Component[] components) =>
        (this.source, this.process, Width, Height, this.components) = (source, process, width, height, components);

    public int Width { get; }

    public int Height { get; }

    private bool Progressive => process == 0xC2;

    /// <summary>Reads a SOF0, SOF1 or SOF2 segment.</summary>
    public static JpegFrame Read(byte process, ReadOnlySpan<byte> content, string source)
    {
        if (content.Length < 6 || content.Length != 6 + (3 * content[5]))
        {
            throw JpegProblems.Damaged(source, "its frame header is malformed");
        }

        if (content[0] != 8)
        {
            throw JpegProblems.Unsupported(source, $"has {content[0]} bits per sample");
        }

        int height = BinaryPrimitives.ReadUInt16BigEndian(content[1..]);
        int width = BinaryPrimitives.ReadUInt16BigEndian(content[3..]);
        if (height is 0 or > LargestSide || width is 0 or > LargestSide)
        {
            throw JpegProblems.Unsupported(source, $"claims a size of {width} x {height}");
        }

        if (content[5] is not (1 or 3))
        {
            throw JpegProblems.Unsupported(source, content[5] == 4 ? "has four components (CMYK)" : $"has {content[5]} components");
        }

        var components = new Component[content[5]];
        for (int i = 0; i < components.Length; i++)
        {
            ReadOnlySpan<byte> c = content.Slice(6 + (3 * i), 3);
            components[i] = new Component(c[0], c[1] >> 4, c[1] & 15, c[2]);
        }

        RequireComponents(components, source);
        return new JpegFrame(source, process, width, height, components);
    }

    /// <summary>Checks a SOS segment against the frame and the tables defined so far.</summary>
    public void AddScan(ReadOnlySpan<byte> content, JpegTables tables)
    {
        int count = content.IsEmpty ? 0 : content[0];
        if (count < 1 || count > components.Length || content.Length != 4 + (2 * count))
        {
            throw JpegProblems.Damaged(source, "a scan header is malformed");
        }

        if (complete)
        {
            throw JpegProblems.Damaged(source, "a scan follows the one that had everything");
        }

        complete = !Progressive && count == components.Length;
        var scan = new ScanRange(content[^3], content[^2], content[^1] >> 4, content[^1] & 15);
        RequireRange(scan, count);
        int blocks = 0;
        var seen = new HashSet<int>();
        for (int i = 0; i < count; i++)
        {
            (byte id, byte slots) = (content[1 + (2 * i)], content[2 + (2 * i)]);
            Component? component = Array.Find(components, c => c.Id == id);
            if (component is null || !seen.Add(id))
            {
                throw JpegProblems.Damaged(source, $"a scan names component {id}, which is unknown or named twice");
            }

            RequireTables(component, slots >> 4, slots & 15, scan, tables);
            component.Started |= scan.First == 0;
            blocks += component.Across * component.Down;
        }

        if (count > 1 && blocks > MostBlocksPerUnit)
        {
            throw JpegProblems.Damaged(source, $"a scan has {blocks} blocks per unit, more than {MostBlocksPerUnit}");
        }
    }

    /// <summary>Refuses a file that ends before each component has had a scan.</summary>
    public void RequireAllComponents()
    {
        if (Array.Find(components, c => !c.Started) is { } missing)
        {
            throw JpegProblems.Damaged(source, $"component {missing.Id} has no scan");
        }
    }

    private static void RequireComponents(Component[] components, string source)
    {
        int across = components.Max(c => c.Across);
        int down = components.Max(c => c.Down);
        foreach (Component c in components)
        {
            if (c.Across is < 1 or > 4 || c.Down is < 1 or > 4 || c.Quantisation > 3)
            {
                throw JpegProblems.Damaged(source, $"component {c.Id} is malformed");
            }

            if (across % c.Across != 0 || down % c.Down != 0)
            {
                throw JpegProblems.Unsupported(source, "has components whose sizes are no whole multiples of each other");
            }
        }

        if (components.DistinctBy(c => c.Id).Count() != components.Length)
        {
            throw JpegProblems.Damaged(source, "two components have the same number");
        }
    }

    private void RequireRange(ScanRange scan, int components)
    {
        bool fits = Progressive
            ? (scan.First == 0 ? scan.Last == 0 : components == 1 && scan.First <= scan.Last && scan.Last <= LastCoefficient)
                && (scan.High == 0 || scan.Low == scan.High - 1) && scan.Low <= 13
            : scan.First == 0 && scan.Last == LastCoefficient;
        if (!fits)
        {
            throw JpegProblems.Damaged(source, $"a scan has the coefficients {scan.First} to {scan.Last}, bits {scan.High} to {scan.Low}");
        }
    }

    private void RequireTables(Component component, int dc, int ac, ScanRange scan, JpegTables tables)
    {
        bool needsDc = !Progressive || (scan.First == 0 && scan.High == 0);
        bool needsAc = !Progressive || scan.First > 0;
        if (!tables.HasQuantisation(component.Quantisation) || (needsDc && !tables.HasDc(dc)) || (needsAc && !tables.HasAc(ac)))
        {
            throw JpegProblems.Damaged(source, $"component {component.Id} uses a table that is not defined");
        }
    }

    private readonly record struct ScanRange(int First, int Last, int High, int Low);

    private sealed record Component(int Id, int Across, int Down, int Quantisation)
    {
        public bool Started { get; set; }
    }
}
