using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace BatchEval.Workflow.Telemetry;

/// <summary>Traces and metrics of the workflow. The shells decide who listens; without a listener they cost nothing.</summary>
public static class WorkflowTelemetry
{
    /// <summary>Name of the meter and of the source of traces.</summary>
    public const string Name = "BatchEval.Workflow";

    private static readonly Meter Meter = new(Name);

    public static ActivitySource Traces { get; } = new(Name);

    public static Counter<long> Images { get; } = Meter.CreateCounter<long>("batcheval.images", "{image}", "Images computed.");

    /// <summary>Time that networks kept the device busy.</summary>
    public static Counter<double> DeviceTime { get; } = Meter.CreateCounter<double>("batcheval.device.time", "s", "Time that networks kept the device busy; its rate is the busy share.");

    /// <summary>Units finished; tagged by whether anything had to be computed.</summary>
    public static Counter<long> UnitsDone { get; } = Meter.CreateCounter<long>("batcheval.units.done", "{unit}", "Units finished.");

    /// <summary>Activities tried again after a passing failure.</summary>
    public static Counter<long> Retries { get; } = Meter.CreateCounter<long>("batcheval.activities.retried", "{attempt}", "Activities tried again after a passing failure.");

    /// <summary>Attempts at the storage that failed for a passing reason.</summary>
    public static Counter<long> StorageRefusals { get; } = Meter.CreateCounter<long>("batcheval.storage.refused", "{attempt}", "Attempts at the storage that failed for a passing reason.");

    /// <summary>Device time behind one candidate's score in one round.</summary>
    public static Histogram<double> CandidateCost { get; } = Meter.CreateHistogram<double>("batcheval.candidate.cost", "s", "Device time behind one candidate's score in one round.");
}
