using System.Globalization;
using System.Text;

namespace BatchEval.Core.Sampling.Skipping;

/// <summary>
/// A sample's mask (which rows called the network) as short text: the number of rows, a colon, then hexadecimal digits of four rows each,
/// the first row in the highest bit. <c>1111 0001 01</c> is <c>10:f14</c>.
/// </summary>
public static class StepMask
{
    public static string Write(IReadOnlyList<bool> executed)
    {
        var text = new StringBuilder(executed.Count.ToString(CultureInfo.InvariantCulture)).Append(':');
        for (var at = 0; at < executed.Count; at += 4)
        {
            var digit = 0;
            for (var bit = 0; bit < 4; bit++)
            {
                digit = (digit * 2) + (at + bit < executed.Count && executed[at + bit] ? 1 : 0);
            }

            text.Append(digit.ToString("x", CultureInfo.InvariantCulture));
        }

        return text.ToString();
    }

    /// <summary>Reads a mask.</summary>
    /// <exception cref="FormatException">The text is not a mask.</exception>
    public static bool[] Read(string text)
    {
        var parts = text.Split(':');
        if (parts.Length != 2 || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var rows)
            || parts[1].Length != (rows + 3) / 4 || !parts[1].All(char.IsAsciiHexDigit))
        {
            throw new FormatException($"'{text}' is not a mask such as 10:f14.");
        }

        return [.. Enumerable.Range(0, rows).Select(row => ((Convert.ToInt32(parts[1][row / 4].ToString(), 16) >> (3 - (row % 4))) & 1) == 1)];
    }
}
