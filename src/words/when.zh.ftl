# 日期，通知和页面共用。
day-today = 今天
day-tomorrow = 明天
day-yesterday = 昨天
day-date = { $month }月{ $day }日{ $weekday ->
    [1] 星期一
    [2] 星期二
    [3] 星期三
    [4] 星期四
    [5] 星期五
    [6] 星期六
   *[7] 星期日
  }
