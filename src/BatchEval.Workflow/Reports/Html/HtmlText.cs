using System.Runtime.CompilerServices;
using System.Text;

namespace BatchEval.Workflow.Reports.Html;

/// <summary>Text that is HTML already. Whatever is put into it by interpolation is escaped, unless it is HTML itself.</summary>
internal readonly record struct HtmlText(string Markup)
{
    public static HtmlText Empty { get; } = new(string.Empty);

    /// <summary>Markup from an interpolated string; its holes are escaped.</summary>
    public static HtmlText Of(HtmlInterpolation markup) => new(markup.ToString());

    /// <summary>Puts pieces one after the other.</summary>
    public static HtmlText Concat(IEnumerable<HtmlText> pieces) => new(string.Concat(pieces.Select(p => p.Markup)));

    /// <summary>Escapes text for element content and quoted attributes.</summary>
    public static string Escape(string? text)
    {
        var escaped = new StringBuilder();
        foreach (var c in text ?? string.Empty)
        {
            _ = c switch
            {
                '&' => escaped.Append("&amp;"),
                '<' => escaped.Append("&lt;"),
                '>' => escaped.Append("&gt;"),
                '"' => escaped.Append("&quot;"),
                '\'' => escaped.Append("&#39;"),
                '\0' => escaped.Append('\uFFFD'),
                _ => escaped.Append(c),
            };
        }

        return escaped.ToString();
    }

    public override string ToString() => Markup;
}

/// <summary>Collects an interpolated string as HTML: literals as they are, values escaped.</summary>
[InterpolatedStringHandler]
internal readonly struct HtmlInterpolation
{
    private readonly StringBuilder text;

    /// <summary>Called by the compiler.</summary>
    public HtmlInterpolation(int literalLength, int formattedCount) => text = new StringBuilder(literalLength + (16 * formattedCount));

    /// <summary>A piece of markup.</summary>
    public void AppendLiteral(string value) => text.Append(value);

    /// <summary>Markup made before.</summary>
    public void AppendFormatted(HtmlText value) => text.Append(value.Markup);

    public void AppendFormatted(string? value) => text.Append(HtmlText.Escape(value));

    /// <summary>A whole number.</summary>
    public void AppendFormatted(int value) => text.Append(value);

    public override string ToString() => text.ToString();
}
