param location string
param tags object
param token string
param gpuProfile string
param appsSubnetId string
param workspaceName string
param modelsServer string
param modelsShare string

resource workspace 'Microsoft.OperationalInsights/workspaces@2022-10-01' existing = {
  name: workspaceName
}

resource environment 'Microsoft.App/managedEnvironments@2025-07-01' = {
  name: 'cae-${token}'
  location: location
  tags: tags
  properties: {
    // Through diagnostics below, so that no workspace key is needed.
    appLogsConfiguration: { destination: 'azure-monitor' }
    vnetConfiguration: { infrastructureSubnetId: appsSubnetId, internal: false }
    workloadProfiles: [
      { name: 'Consumption', workloadProfileType: 'Consumption' }
      { name: 'gpu', workloadProfileType: gpuProfile }
    ]
  }
}

resource models 'Microsoft.App/managedEnvironments/storages@2025-07-01' = {
  parent: environment
  name: 'models'
  properties: { nfsAzureFile: { server: modelsServer, shareName: modelsShare, accessMode: 'ReadOnly' } }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: environment
  properties: {
    workspaceId: workspace.id
    logs: [ { categoryGroup: 'allLogs', enabled: true } ]
    metrics: [ { category: 'AllMetrics', enabled: true } ]
  }
}

output environmentId string = environment.id
output modelsStorageName string = models.name
