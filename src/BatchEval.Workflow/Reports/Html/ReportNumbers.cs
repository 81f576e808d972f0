using System.Buffers.Binary;
using System.Globalization;

namespace BatchEval.Workflow.Reports.Html;

internal static class ReportNumbers
{
    /// <summary>Plus-minus that no line breaks at.</summary>
    public const string PlusMinus = "\u00A0±\u00A0";

    private const string Minus = "\u2212";

    /// <summary>Decimals that show two digits of an error; without one, four digits of the value.</summary>
    public static int Decimals(double value, double? error)
    {
        var (scale, digits) = error is { } e && double.IsFinite(e) && e > 0 ? (e, 2) : (Math.Abs(value), 4);
        return scale > 0 && double.IsFinite(scale) ? Math.Clamp(digits - 1 - (int)Math.Floor(Math.Log10(scale)), 0, 8) : 0;
    }

    /// <summary>A value to a number of decimals, with a true minus sign.</summary>
    public static string Fixed(double value, int decimals) =>
        double.IsFinite(value) ? WithMinus(value.ToString("F" + decimals, CultureInfo.InvariantCulture)) : "not finite";

    public static string Signed(double value, int decimals) => (value > 0 ? "+" : string.Empty) + Fixed(value, decimals);

    /// <summary>A value with its standard error, for example <c>2.71 ± 0.12</c>.</summary>
    public static string WithError(double value, double? error)
    {
        var decimals = Decimals(value, error);
        return error is { } e && double.IsFinite(e) ? $"{Fixed(value, decimals)}{PlusMinus}{Fixed(e, decimals)}" : Fixed(value, decimals);
    }

    /// <summary>Up to four significant digits.</summary>
    public static string Short(double value) =>
        double.IsPositiveInfinity(value) ? "∞" : WithMinus(value.ToString("G4", CultureInfo.InvariantCulture));

    /// <summary>A time in the model's own units, exactly: it is read back as the same number.</summary>
    public static string Time(double value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>A time for a label: at most four significant digits, but whole times in full.</summary>
    public static string TimeLabel(double value) => value == Math.Floor(value) && Math.Abs(value) < 1e6 ? WithMinus(value.ToString("F0", CultureInfo.InvariantCulture)) : Short(value);

    /// <summary>A mean number of network calls.</summary>
    public static string Calls(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);

    /// <summary>A count with its thousands apart.</summary>
    public static string Count(long value) => value.ToString("#,0", CultureInfo.InvariantCulture);

    /// <summary>A time span for people.</summary>
    public static string Duration(double milliseconds) => milliseconds switch
    {
        >= 7_200_000 => $"{milliseconds / 3_600_000:0.0} h",
        >= 120_000 => $"{milliseconds / 60_000:0.0} min",
        >= 1_000 => $"{milliseconds / 1_000:0.0} s",
        _ => $"{milliseconds:0} ms",
    };

    /// <summary>The number itself, or null where JSON has no word for it.</summary>
    public static double? Finite(double? value) => value is { } v && double.IsFinite(v) ? v : null;

    /// <summary>Width and height of a PNG, read from its header; null when it is none.</summary>
    public static (int Width, int Height)? PngSize(ReadOnlySpan<byte> png) =>
        png.Length >= 24 && png[..8].SequenceEqual<byte>([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
            ? (BinaryPrimitives.ReadInt32BigEndian(png[16..]), BinaryPrimitives.ReadInt32BigEndian(png[20..]))
            : null;

    private static string WithMinus(string number) => number.Replace("-", Minus, StringComparison.Ordinal);
}
