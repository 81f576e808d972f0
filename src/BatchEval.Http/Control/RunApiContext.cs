using System.Globalization;
using BatchEval.Workflow.Control;
using BatchEval.Workflow.Models;
using BatchEval.Workflow.Storage;

namespace BatchEval.Http.Control;

/// <summary>What the HTTP interface works with. A shell puts it among the features of each request before the endpoints see it.</summary>
/// <param name="Store">The store.</param>
/// <param name="Models">Model packages, opened.</param>
/// <param name="Catalog">Model packages that requests may name.</param>
/// <param name="Control">Sets runs going.</param>
/// <param name="Time">Clock.</param>
/// <param name="UnitsInFlight">Units computed side by side, for the estimate of the time left.</param>
/// <param name="Price">Price of one hour of device time, or null.</param>
/// <param name="Failed">Told about unexpected failures.</param>
/// <param name="ReadOnly">Whether requests that change something are refused.</param>
/// <param name="Trouble">What the storage refuses at the moment, for people; null where nothing is known.</param>
public sealed record RunApiContext(
    RunStore Store, ModelHost Models, ModelCatalog Catalog, IRunControl Control, TimeProvider Time, int UnitsInFlight = 1, DevicePrice? Price = null, Action<Exception>? Failed = null, bool ReadOnly = false, Func<string?>? Trouble = null)
{
    /// <summary>Largest body of a request, in bytes.</summary>
    public const int BodyLimit = 1 << 20;

    /// <summary>The context of a request.</summary>
    /// <exception cref="PagesOnlyException">The shell gave it none.</exception>
    public static RunApiContext Of(HttpContext http) =>
        http.Features.Get<RunApiContext>() ?? throw new PagesOnlyException();

    /// <summary>Lets endpoints take the context as a parameter.</summary>
    public static ValueTask<RunApiContext?> BindAsync(HttpContext context) => ValueTask.FromResult<RunApiContext?>(Of(context));
}

/// <summary>A request for data at an address that gives out pages only.</summary>
public sealed class PagesOnlyException() : Exception("This address gives out pages only.");

/// <summary>Price of device time.</summary>
/// <param name="PerHour">Price of one hour.</param>
/// <param name="Currency">Its currency.</param>
public sealed record DevicePrice(double PerHour, string Currency)
{
    /// <summary>Reads a price such as <c>1.35 USD</c>; null when it is none.</summary>
    public static DevicePrice? Parse(string? text)
    {
        var parts = text?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
        return parts.Length == 2 && double.TryParse(parts[0], CultureInfo.InvariantCulture, out var price) && price >= 0 ? new DevicePrice(price, parts[1]) : null;
    }
}
