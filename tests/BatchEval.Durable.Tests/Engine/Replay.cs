using BatchEval.Durable.Orchestration;
using BatchEval.Durable.Serialization;
using DurableTask.AzureStorage;
using DurableTask.Core;
using DurableTask.Core.Command;
using DurableTask.Core.History;
using Microsoft.DurableTask.Worker;
using Microsoft.DurableTask.Worker.Shims;
using Microsoft.Extensions.Logging.Abstractions;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

namespace BatchEval.Durable.Tests.Engine;

/// <summary>Runs the orchestrator again over the history of an instance, as the engine does after every message, and tells what it decides.</summary>
internal static class Replay
{
    private static readonly JsonSerializer Reader = JsonSerializer.Create(new JsonSerializerSettings { ConstructorHandling = ConstructorHandling.AllowNonPublicDefaultConstructor });

    /// <summary>The history of the last execution of an instance, as DurableTask.AzureStorage keeps it.</summary>
    public static async Task<IReadOnlyList<HistoryEvent>> HistoryAsync(string connection, string hub, string instance)
    {
        using var service = new AzureStorageOrchestrationService(new AzureStorageOrchestrationServiceSettings
        {
            StorageAccountClientProvider = new StorageAccountClientProvider(connection),
            TaskHubName = hub,
            PartitionCount = 1,
            LoggerFactory = NullLoggerFactory.Instance,
        });
        return [.. JArray.Parse(await service.GetOrchestrationHistoryAsync(instance, null)).Select(Read)];
    }

    /// <summary>What the history says was decided: a line for every activity called, and for the end.</summary>
    public static IReadOnlyList<string> Recorded(IEnumerable<HistoryEvent> history) =>
    [
        .. history.Select(e => e switch
        {
            TaskScheduledEvent task => Called(task.EventId, task.Name),
            ExecutionCompletedEvent end => Ended(end.OrchestrationStatus, end.Result),
            _ => null,
        }).OfType<string>(),
    ];

    /// <summary>What the orchestrator decides, episode by episode, each with everything before it as its past.</summary>
    public static IReadOnlyList<string> Decide(IReadOnlyList<HistoryEvent> history)
    {
        var decisions = new List<string>();
        for (var begin = 0; begin < history.Count;)
        {
            var state = new OrchestrationRuntimeState([.. history.Take(begin)]);
            var end = begin;
            for (; end < history.Count && (end == begin || history[end] is not OrchestratorStartedEvent); end++)
            {
                if (history[end] is not (TaskScheduledEvent or ExecutionCompletedEvent))
                {
                    state.AddEvent(history[end]);
                }
            }

            var factory = new DurableTaskShimFactory(new DurableTaskWorkerOptions { DataConverter = DurableJson.Converter }, NullLoggerFactory.Instance);
            var orchestration = factory.CreateOrchestration(SearchOrchestration.Name, new SearchOrchestration(), null);
            var result = new TaskOrchestrationExecutor(state, orchestration, BehaviorOnContinueAsNew.Carryover, ErrorPropagationMode.UseFailureDetails).Execute();
            decisions.AddRange(result.Actions.Select(Line));
            begin = end;
        }

        return decisions;
    }

    private static string Line(OrchestratorAction action) => action switch
    {
        ScheduleTaskOrchestratorAction task => Called(task.Id, task.Name),
        OrchestrationCompleteOrchestratorAction end => Ended(end.OrchestrationStatus, end.Result ?? end.FailureDetails?.ErrorMessage),
        _ => action.OrchestratorActionType.ToString(),
    };

    private static string Called(int id, string? name) => $"{id} {name}";

    private static string Ended(OrchestrationStatus status, string? result) => $"{status} {result}";

    private static HistoryEvent Read(JToken json)
    {
        var name = $"DurableTask.Core.History.{json["EventType"]!.ToObject<EventType>()}Event";
        return (HistoryEvent)json.ToObject(typeof(HistoryEvent).Assembly.GetType(name, throwOnError: true)!, Reader)!;
    }
}
