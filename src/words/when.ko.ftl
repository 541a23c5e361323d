# Days, shared by notices and pages.
day-today = 오늘
day-tomorrow = 내일
day-yesterday = 어제
day-date = { $month }월 { $day }일 { $weekday ->
    [1] 월요일
    [2] 화요일
    [3] 수요일
    [4] 목요일
    [5] 금요일
    [6] 토요일
   *[7] 일요일
  }
