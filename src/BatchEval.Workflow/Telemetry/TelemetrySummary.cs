using System.Diagnostics.Metrics;
using System.Globalization;

namespace BatchEval.Workflow.Telemetry;

/// <summary>Listens to the workflow's metrics while it lives and says in one line what they amount to.</summary>
public sealed class TelemetrySummary : IDisposable
{
    private readonly MeterListener listener = new();
    private readonly Lock gate = new();
    private readonly Dictionary<string, (double Sum, long Count)> totals = [];
    private readonly TimeProvider time;
    private readonly int unitsInFlight;
    private readonly long began;

    /// <summary>Begins to listen.</summary>
    /// <param name="unitsInFlight">Units computed side by side; each can keep its share of the device busy all the time.</param>
    public TelemetrySummary(TimeProvider time, int unitsInFlight)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(unitsInFlight);
        (this.time, this.unitsInFlight, began) = (time, unitsInFlight, time.GetTimestamp());
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Name == WorkflowTelemetry.Name)
            {
                self.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => Add(instrument.Name, value));
        listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => Add(instrument.Name, value));
        listener.Start();
    }

    public long Images => (long)Total(WorkflowTelemetry.Images).Sum;

    /// <summary>Units finished.</summary>
    public long Units => (long)Total(WorkflowTelemetry.UnitsDone).Sum;

    /// <summary>What happened, for people.</summary>
    public string Text()
    {
        var seconds = Math.Max(1e-3, time.GetElapsedTime(began).TotalSeconds);
        var busy = Total(WorkflowTelemetry.DeviceTime).Sum;
        var cost = Total(WorkflowTelemetry.CandidateCost);
        var retries = Total(WorkflowTelemetry.Retries).Sum;
        var refused = Total(WorkflowTelemetry.StorageRefusals).Sum;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{Images / seconds:0.#} images/s, device busy {busy / seconds / unitsInFlight:P0}, {Units} units done, {retries:0} retried, {(refused > 0 ? $"{refused:0} attempts at the storage refused, " : string.Empty)}{(cost.Count == 0 ? 0 : cost.Sum / cost.Count):0.###} s of device time per candidate and round");
    }

    public void Dispose() => listener.Dispose();

    private void Add(string name, double value)
    {
        lock (gate)
        {
            var (sum, count) = totals.GetValueOrDefault(name);
            totals[name] = (sum + value, count + 1);
        }
    }

    private (double Sum, long Count) Total(Instrument instrument)
    {
        lock (gate)
        {
            return totals.GetValueOrDefault(instrument.Name);
        }
    }
}
